/* `doctor`: all checks, text or JSON, exit code. */
#include "supervisor/command_doctor.h"

#include <stdio.h>

#include "common/json_text.h"
#include "supervisor/command_line.h"
#include "supervisor/doctor.h"
#include "supervisor/help.h"

static const char help[] =
    "usage: lattice-supervise doctor [--json]\n"
    "\n"
    "Looks at the home, its stores and locks, and the machine under it, and says what to do\n"
    "about what is wrong. Changes nothing; works while a run goes on.\n"
    "Exits with 0, or with 1 if anything fails (a warning does not).\n"
    "\n"
    "  --json      as one JSON document\n"
    "  --home DIR  where everything is kept ($LATTICE_HOME)\n"
    "  --help      this text\n";

static const struct option options[] = {
    COMMON_OPTIONS, {"json", no_argument, NULL, OPT_JSON}, {NULL, 0, NULL, 0}};

static void print(const struct findings *findings, bool json)
{
    if (json) {
        json_print(findings_json(findings));
        return;
    }
    struct buf text = {0};
    findings_write(&text, findings);
    fwrite(text.data, 1, text.size, stdout);
    buf_release(&text);
}

static size_t failures; /* command_run gives only a cause; there is one doctor in a process */

static bool doctor(const struct arguments *a, struct error *e)
{
    struct findings findings = {0};
    struct home home = {0};
    struct error why = {0};
    (void)e;
    doctor_machine(&findings);
    if (home_open_existing(a->home, &home, &why))
        doctor_home(&findings, &home);
    else
        finding_say(finding_add(&findings, FINDING_FAIL, "home", NULL),
                    "set LATTICE_HOME, or make one: lattice-supervise add ID URL-OR-PATH", "%s",
                    why.text);
    home_release(&home);
    print(&findings, a->json);
    failures = findings_count(&findings, FINDING_FAIL);
    findings_release(&findings);
    return true;
}

int command_doctor(int argc, char **argv)
{
    static const struct command command = {help, options, 0, 0, doctor};
    int code = command_run(&command, argc, argv);
    return code == 0 && failures ? EXIT_SOME_FAILED : code;
}
