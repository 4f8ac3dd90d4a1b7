/* Findings of the doctor, as text and JSON. */
#include "supervisor/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

enum { VERSION = 1, TEXT_MAX = 2048 };

const char *finding_level_name(enum finding_level level)
{
    switch (level) {
    case FINDING_OK:
        return "ok";
    case FINDING_WARN:
        return "warn";
    case FINDING_FAIL:
        return "fail";
    }
    return "";
}

struct finding *finding_add(struct findings *findings, enum finding_level level, const char *check,
                            const char *source)
{
    findings->list = xrealloc(findings->list, (findings->count + 1) * sizeof *findings->list);
    struct finding *finding = &findings->list[findings->count++];
    *finding =
        (struct finding){.level = level, .check = check, .source = source ? xstrdup(source) : NULL};
    return finding;
}

void finding_say(struct finding *finding, const char *remedy, const char *format, ...)
{
    char text[TEXT_MAX];
    struct buf clean = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    redact_userinfo(text);
    buf_reserve(&clean, strlen(text) + 1);
    text_escape(&clean, text, strlen(text));
    free(finding->text);
    finding->text = buf_take(&clean);
    finding->remedy = remedy;
}

void findings_release(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->list[i].source);
        free(findings->list[i].text);
    }
    free(findings->list);
    *findings = (struct findings){0};
}

size_t findings_count(const struct findings *findings, enum finding_level level)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->list[i].level == level;
    return count;
}

void findings_write(struct buf *out, const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->list[i];
        buf_printf(out, "%-4s  %-11s  %s%s%s\n", finding_level_name(f->level), f->check,
                   f->source ? f->source : "", f->source ? ": " : "", f->text ? f->text : "");
        if (f->remedy)
            buf_printf(out, "      %-11s  -> %s\n", "", f->remedy);
    }
    buf_printf(out, "%zu ok, %zu warn, %zu fail\n", findings_count(findings, FINDING_OK),
               findings_count(findings, FINDING_WARN), findings_count(findings, FINDING_FAIL));
}

json_t *findings_json(const struct findings *findings)
{
    json_t *checks = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->list[i];
        json_array_append_new(checks,
                              json_pack("{s:s, s:s?, s:s, s:s, s:s?}", "check", f->check, "source",
                                        f->source, "level", finding_level_name(f->level), "text",
                                        f->text ? f->text : "", "remedy", f->remedy));
    }
    return json_pack("{s:i, s:o, s:{s:I, s:I, s:I}}", "version", VERSION, "checks", checks,
                     "summary", "ok", (json_int_t)findings_count(findings, FINDING_OK), "warn",
                     (json_int_t)findings_count(findings, FINDING_WARN), "fail",
                     (json_int_t)findings_count(findings, FINDING_FAIL));
}
