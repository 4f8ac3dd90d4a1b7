/* Running an operation from the command line. */
#include "worker/reads/shell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/duration.h"
#include "worker/reads/help.h"
#include "worker/reads/ops.h"

enum { EXIT_NOTHING_FOUND = 1 };
/* Of a command; a service has its own. */
enum { SHELL_DEADLINE_MS = 30000 };

struct shell {
    const struct shell_command *command;
    const struct op *op;
    json_t *raw; /* owned; parameters as typed */
    const char *home;
    int64_t deadline_ms;
    size_t word_count;
    bool json;
    bool raw_text;
    bool help;
};

static void print_error(const char *level, const char *text)
{
    struct buf line = {0};
    text_escape(&line, text, strlen(text));
    fprintf(stderr, "%s: %s\n", level, line.data ? line.data : "");
    buf_release(&line);
}

static const struct op_param *find_param(const struct op *op, const char *name, size_t size)
{
    for (size_t i = 0; i < op->param_count; i++)
        if (strlen(op->params[i].name) == size && memcmp(op->params[i].name, name, size) == 0)
            return &op->params[i];
    return NULL;
}

static bool set_param(struct shell *s, const struct op_param *param, const char *text,
                      struct error *e)
{
    json_t *value = json_string(text);
    json_t *old = json_object_get(s->raw, param->name);
    if (!value)
        return error_set(e, CAUSE_USAGE, "%s: is not UTF-8", param->name);
    if (param->type == OP_LIST && old)
        json_array_append_new(old, value);
    else if (param->type == OP_LIST) {
        json_t *list = json_array();
        json_array_append_new(list, value);
        json_object_set_new(s->raw, param->name, list);
    } else if (old) {
        json_decref(value);
        return error_set(e, CAUSE_USAGE, "%s: given more than once", param->name);
    } else
        json_object_set_new(s->raw, param->name, value);
    return true;
}

/* Words that belong together, such as a query's. */
static void join_word(struct shell *s, const char *name, const char *word)
{
    const char *old = json_string_value(json_object_get(s->raw, name));
    CLEANUP(free_text) char *joined = xasprintf("%s%s%s", old ? old : "", old ? " " : "", word);
    json_object_set_new(s->raw, name, json_string(joined));
}

static bool take_word(struct shell *s, const char *word, struct error *e)
{
    const char *const *words = s->command->words;
    size_t last = 0;
    while (words[last])
        last++;
    if (!utf8_valid(word, strlen(word)))
        return error_set(e, CAUSE_USAGE, "a word is not UTF-8");
    size_t at = s->word_count < last ? s->word_count : last ? last - 1 : 0;
    size_t size = last ? strlen(words[at]) : 0;
    bool many = size > 3 && strcmp(words[at] + size - 3, "...") == 0;
    if (s->word_count >= last && !many)
        return error_set(e, CAUSE_USAGE, "one word too many: %s", word);
    s->word_count++;
    const struct op_param *param = find_param(s->op, words[at], many ? size - 3 : size);
    if (!param)
        return error_set(e, CAUSE_BUG, "%s has no parameter %s", s->op->name, words[at]);
    if (!many || param->type == OP_LIST)
        return set_param(s, param, word, e);
    join_word(s, param->name, word);
    return true;
}

/* `--name VALUE` or `--name=VALUE`; *used: how many of argv. */
static bool take_option(struct shell *s, char **argv, int *used, struct error *e)
{
    const char *name = argv[0] + 2;
    size_t size = strcspn(name, "=");
    const struct op_param *param = find_param(s->op, name, size);
    bool equals = name[size] == '=';
    bool home = size == 4 && memcmp(name, "home", 4) == 0;
    bool deadline = size == 13 && memcmp(name, "query-timeout", 13) == 0;
    *used = 1;
    if (param && param->type == OP_FLAG && !equals)
        return set_param(s, param, "true", e);
    if (!param && !home && !deadline)
        return error_set(e, CAUSE_USAGE, "unknown option %s", argv[0]);
    const char *value = equals ? name + size + 1 : argv[1];
    if (!value)
        return error_set(e, CAUSE_USAGE, "%s needs a value", argv[0]);
    *used = equals ? 1 : 2;
    if (home)
        s->home = value;
    else if (deadline)
        return duration_parse(value, "--query-timeout", &s->deadline_ms, e);
    else
        return set_param(s, param, value, e);
    return true;
}

/* A word with one `-` in front is part of a query, so only `--` makes an option. */
static bool parse(struct shell *s, int argc, char **argv, struct error *e)
{
    bool options = true;
    for (int i = 1, used; i < argc; i += used) {
        used = 1;
        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0))
            s->help = true;
        else if (options && strcmp(argv[i], "--json") == 0)
            s->json = true;
        else if (options && s->command->takes_raw && strcmp(argv[i], "--raw") == 0)
            s->raw_text = true;
        else if (options && strncmp(argv[i], "--", 2) == 0 ? !take_option(s, argv + i, &used, e)
                                                           : !take_word(s, argv[i], e))
            return false;
    }
    return true;
}

/* Which sources did not answer, on stderr. *damaged: for a reason that is no mere absence. */
static void print_problems(json_t *answer, bool *damaged)
{
    size_t i;
    json_t *source;
    json_array_foreach (json_object_get(answer, "sources"), i, source) {
        const char *problem = json_string_value(json_object_get(source, "problem"));
        const char *note = json_string_value(json_object_get(source, "note"));
        const char *message = json_string_value(json_object_get(source, "message"));
        CLEANUP(free_text)
        char *text = xasprintf("%s: %s%s%s", json_string_value(json_object_get(source, "id")),
                               problem ? problem : "", problem ? ": " : "",
                               problem ? (message ? message : "")
                               : note  ? note
                                       : "");
        if (problem || note)
            print_error(problem ? "warning" : "note", text);
        *damaged |= problem && strcmp(problem, "missing") != 0;
    }
}

static int print_answer(const struct shell *s, json_t *answer, enum op_end end)
{
    struct print_style style = {.bold = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
                                .raw = s->raw_text};
    struct buf text = {0};
    bool damaged = false;
    bool found = s->command->print(&text, answer, &style);
    print_problems(answer, &damaged);
    if (s->json) {
        json_dumpf(answer, stdout, JSON_INDENT(2));
        putchar('\n');
    } else if (text.size)
        fwrite(text.data, 1, text.size, stdout);
    buf_release(&text);
    if (fflush(stdout) != 0) {
        print_error("error", "cannot write the output");
        return cause_exit(CAUSE_STORE);
    }
    if (end == OP_LATE)
        return cause_exit(CAUSE_DEADLINE);
    return found ? 0 : damaged ? cause_exit(CAUSE_STORE) : EXIT_NOTHING_FOUND;
}

static enum op_end run(const struct shell *s, json_t **answer, struct error *e)
{
    struct reader_limits limits = {0};
    struct home home = {0};
    struct reader *reader = NULL;
    json_t *args = NULL;
    enum op_end end = OP_FAILED;
    if (op_check_args(s->op, s->raw, &args, e) && home_open_existing(s->home, &home, e) &&
        reader_open(&home, &limits, &reader, e)) {
        reader_set_deadline(reader, s->deadline_ms);
        end = s->op->run(reader, args, answer, e);
    }
    reader_free(&reader);
    home_release(&home);
    json_decref(args);
    return end;
}

static int complain(const struct shell *s, enum op_end end, const struct error *e)
{
    CLEANUP(free_text) char *text = xasprintf("%s: %s", cause_name(e->cause), e->text);
    print_error("error", end == OP_NOT_FOUND ? e->text : text);
    if (end == OP_FAILED && e->cause == CAUSE_USAGE)
        fprintf(stderr, "`lattice-reads %s --help` shows what can be asked\n", s->command->name);
    return end == OP_NOT_FOUND ? EXIT_NOTHING_FOUND : cause_exit(e->cause);
}

int shell_run(const struct shell_command *command, int argc, char **argv)
{
    struct shell s = {.command = command,
                      .op = op_find(command->name),
                      .raw = json_object(),
                      .deadline_ms = SHELL_DEADLINE_MS};
    struct error e = {0};
    CLEANUP(free_json) json_t *answer = NULL;
    enum op_end end = OP_FAILED;
    int code = 0;
    bool parsed = parse(&s, argc, argv, &e);
    if (parsed && s.help) {
        json_decref(s.raw);
        return reads_help_print(command->help);
    }
    if (parsed)
        end = run(&s, &answer, &e);
    if (end != OP_DONE)
        code = complain(&s, end, &e);
    if (answer) {
        int printed = print_answer(&s, answer, end);
        code = code ? code : printed;
    }
    json_decref(s.raw);
    return code;
}
