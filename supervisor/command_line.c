/* Options, help and errors of small commands. */
#include "supervisor/command_line.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"

void print_note(const char *level, const char *format, ...)
{
    char text[2 * ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    redact_userinfo(text);
    /* Messages have their values escaped already; what is left is the odd path. */
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    fprintf(stderr, "%s: %s\n", level, text);
}

static bool add_pattern(json_t **list, const char *text, struct error *e)
{
    json_t *pattern = json_string(text);
    if (!pattern)
        return error_set(e, CAUSE_USAGE, "a pattern is not UTF-8");
    if (!*list)
        *list = json_array();
    json_array_append_new(*list, pattern);
    return true;
}

/* KEY=VALUE; the value is JSON if it reads as JSON, else a text. */
static bool add_set(json_t **object, const char *text, struct error *e)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return error_set(e, CAUSE_USAGE, "--set: expected KEY=VALUE");
    CLEANUP(free_text) char *key = xstrndup(text, (size_t)(equals - text));
    json_t *value = json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (!value)
        value = json_string(equals + 1);
    if (!*object)
        *object = json_object();
    if (!value || json_object_set_new(*object, key, value) != 0)
        return error_set(e, CAUSE_USAGE, "--set: the key or its value is not UTF-8");
    return true;
}

static bool take_option(struct arguments *a, int option, struct error *e)
{
    switch (option) {
    case OPT_HOME:
        a->home = optarg;
        return true;
    case OPT_HELP:
        a->help = true;
        return true;
    case OPT_KIND:
        a->kind = optarg;
        return true;
    case OPT_BRANCH:
        a->branch = optarg;
        return true;
    case OPT_LIMIT:
        a->limit = optarg;
        return true;
    case OPT_INCLUDE:
        return add_pattern(&a->include, optarg, e);
    case OPT_EXCLUDE:
        return add_pattern(&a->exclude, optarg, e);
    case OPT_SET:
        return add_set(&a->set, optarg, e);
    case OPT_JSON:
        a->json = true;
        return true;
    case OPT_PURGE:
        a->purge = true;
        return true;
    default:
        return error_set(e, CAUSE_USAGE, "no such option");
    }
}

/* getopt's '?' or ':' as a sentence. */
static bool bad_option(int answer, char **argv, struct error *e)
{
    const char *text = argv[optind - 1];
    if (answer == ':')
        return error_set(e, CAUSE_USAGE, "%s: expected a value behind it", text);
    if (optopt > OPT_PURGE)
        return error_set(e, CAUSE_USAGE, "-%c: no such option", optopt);
    if (optopt)
        return error_set(e, CAUSE_USAGE, "%.*s: takes no value", (int)strcspn(text, "="), text);
    return error_set(e, CAUSE_USAGE, "%s: no such option", text);
}

static bool parse(const struct command *command, int argc, char **argv, struct arguments *a,
                  struct error *e)
{
    int option;
    optind = 0; /* glibc: start anew, also when main() has used getopt */
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", command->options, NULL)) != -1)
        if (option == '?' || option == ':' ? !bad_option(option, argv, e)
                                           : !take_option(a, option, e))
            return false;
    a->words = argv + optind;
    a->count = argc - optind;
    if (a->help || (a->count >= command->least && a->count <= command->most))
        return true;
    if (a->count > command->most)
        return error_set(e, CAUSE_USAGE, "one word too many: %s", a->words[command->most]);
    return error_set(e, CAUSE_USAGE, "expected an ID");
}

static void release(struct arguments *a)
{
    json_decref(a->include);
    json_decref(a->exclude);
    json_decref(a->set);
}

int command_run(const struct command *command, int argc, char **argv)
{
    struct arguments a = {0};
    struct error e = {0};
    bool parsed = parse(command, argc, argv, &a, &e);
    bool ok = parsed;
    if (!parsed)
        error_wrap(&e, "%s", argv[0]);
    else if (a.help)
        fputs(command->help, stdout);
    else
        ok = command->run(&a, &e);
    release(&a);
    if (fflush(stdout) != 0 && ok)
        ok = error_set(&e, CAUSE_STORE, "write the output: %s", strerror(errno));
    if (!ok)
        print_note("error", "%s: %s%s%s%s", cause_name(e.cause), e.text,
                   parsed ? "" : "; see `lattice-supervise ", parsed ? "" : argv[0],
                   parsed ? "" : " --help`");
    return ok ? 0 : cause_exit(e.cause);
}
