/* Look-ups in the list of outcomes and causes. */
#include "common/outcome.h"

#include <string.h>

static const struct {
    const char *name;
    int code;
    enum verdict verdict;
    enum again again;
    const char *meaning;
} outcomes[] = {
#define X(id, name, code, verdict, again, meaning) [id] = {name, code, verdict, again, meaning},
    OUTCOMES(X)
#undef X
};

static const struct {
    const char *name;
    int code;
    bool again;
    const char *meaning;
} causes[] = {
#define X(id, name, code, again, meaning) [id] = {name, code, again, meaning},
    CAUSES(X)
#undef X
};

const char *outcome_name(enum outcome o)
{
    return outcomes[o].name;
}

const char *outcome_meaning(enum outcome o)
{
    return outcomes[o].meaning;
}

enum verdict outcome_verdict(enum outcome o)
{
    return outcomes[o].verdict;
}

enum again outcome_again(enum outcome o)
{
    return outcomes[o].again;
}

int outcome_exit(enum outcome o, enum cause cause)
{
    return o == OUTCOME_FAILED ? causes[cause].code : outcomes[o].code;
}

bool outcome_parse(const char *name, enum outcome *o)
{
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (strcmp(outcomes[i].name, name) == 0) {
            *o = (enum outcome)i;
            return true;
        }
    return false;
}

const char *cause_name(enum cause c)
{
    return causes[c].name;
}

const char *cause_meaning(enum cause c)
{
    return causes[c].meaning;
}

int cause_exit(enum cause c)
{
    return causes[c].code;
}

bool cause_again(enum cause c)
{
    return causes[c].again;
}

bool cause_parse(const char *name, enum cause *c)
{
    for (int i = 0; i < CAUSE_COUNT; i++)
        if (strcmp(causes[i].name, name) == 0) {
            *c = (enum cause)i;
            return true;
        }
    return false;
}
