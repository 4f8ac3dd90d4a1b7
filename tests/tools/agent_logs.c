/* Logs of a coding agent as they are found on a disk, from a seed: agent_logs DIR BYTES [SEED]. */
/* Sessions of some hundred lines in folders of projects; lines as long as real ones: some are a
 * prompt or a few words, most a tool's call, and its result, which stands in its line twice. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/text.h"

enum { SESSION_LINES = 400, PROJECTS = 12 };

struct maker {
    uint64_t random;
    int64_t bytes; /* to write */
    int64_t lines;
    time_t at;
    unsigned session;
    struct buf line;
    struct buf text;
};

/* splitmix64 */
static uint64_t next(struct maker *m)
{
    uint64_t z = m->random += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static unsigned below(struct maker *m, unsigned n)
{
    return (unsigned)(next(m) % n);
}

/* Words of a language: the short ones most often. */
static void add_words(struct maker *m, struct buf *out, unsigned count)
{
    static const char *const common[] = {"the",      "file",   "test", "a",  "in",
                                         "function", "to",     "is",   "of", "and",
                                         "error",    "return", "with", "for"};
    static const char syllables[] = "kalomeritosanuvidebrocaplen";
    for (unsigned i = 0; i < count; i++) {
        if (below(m, 2)) {
            buf_add_text(out, common[below(m, sizeof common / sizeof *common)]);
        } else {
            unsigned word = below(m, 4000);
            for (unsigned k = 0; k <= word % 3; k++, word /= 3)
                buf_add(out, syllables + (word * 7 + k * 3) % (sizeof syllables - 4), 3);
        }
        buf_add_text(out, i % 12 == 11 ? "\\n" : i % 9 == 8 ? " \\\"" : " ");
    }
}

static void add_head(struct maker *m, const char *type)
{
    char time[32];
    struct tm utc;
    m->at += 1 + below(m, 20);
    gmtime_r(&m->at, &utc);
    strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
    buf_reset(&m->line);
    buf_printf(
        &m->line,
        "{\"parentUuid\":\"%016" PRIx64 "\",\"isSidechain\":false,\"userType\":\"external\","
        "\"cwd\":\"/home/me/src/project-%u\",\"sessionId\":\"5e551011-0000-4000-8000-%012x\","
        "\"version\":\"2.0.1\",\"gitBranch\":\"main\",\"type\":\"%s\",\"uuid\":\"%016" PRIx64
        "\",\"timestamp\":\"%s.%03uZ\",",
        next(m), m->session % PROJECTS, m->session, type, next(m), time, below(m, 1000));
}

static void add_assistant(struct maker *m, unsigned id, unsigned message, bool call)
{
    add_head(m, "assistant");
    buf_printf(&m->line,
               "\"requestId\":\"req_%08x\",\"message\":{\"model\":\"model-%u\",\"id\":\"msg_%08x\","
               "\"type\":\"message\",\"role\":\"assistant\",\"content\":[",
               message, m->session % 3, message);
    if (call)
        buf_printf(&m->line,
                   "{\"type\":\"tool_use\",\"id\":\"toolu_%08x\",\"name\":\"%s\",\"input\":"
                   "{\"command\":\"",
                   id, id % 3 ? "Bash" : "Read");
    else
        buf_add_text(&m->line, "{\"type\":\"text\",\"text\":\"");
    add_words(m, &m->line, call ? 25 : 20 + below(m, 160));
    buf_printf(&m->line,
               "\"%s}],\"stop_reason\":null,\"usage\":{\"input_tokens\":%u,"
               "\"cache_creation_input_tokens\":%u,\"cache_read_input_tokens\":%u,"
               "\"output_tokens\":%u,\"service_tier\":\"standard\"}}}\n",
               call ? "}" : "", below(m, 100), below(m, 3000), below(m, 90000), below(m, 800));
}

static void add_result(struct maker *m, unsigned id)
{
    buf_reset(&m->text);
    add_words(m, &m->text, 20 + below(m, below(m, 10) == 0 ? 3000 : 300));
    add_head(m, "user");
    buf_printf(&m->line,
               "\"message\":{\"role\":\"user\",\"content\":[{\"tool_use_id\":\"toolu_%08x\","
               "\"type\":\"tool_result\",\"content\":\"%s\",\"is_error\":%s}]},"
               "\"toolUseResult\":{\"stdout\":\"%s\",\"stderr\":\"\",\"interrupted\":false}}\n",
               id, m->text.data, below(m, 20) ? "false" : "true", m->text.data);
}

static void add_prompt(struct maker *m)
{
    add_head(m, "user");
    buf_add_text(&m->line, "\"message\":{\"role\":\"user\",\"content\":\"");
    add_words(m, &m->line, 5 + below(m, 80));
    buf_add_text(&m->line, "\"}}\n");
}

static void put(struct maker *m, FILE *file)
{
    fwrite(m->line.data, 1, m->line.size, file);
    m->bytes -= (int64_t)m->line.size;
    m->lines++;
}

static void make_session(struct maker *m, FILE *file)
{
    unsigned message = m->session << 12;
    for (unsigned i = 0; i < SESSION_LINES && m->bytes > 0;) {
        add_prompt(m);
        put(m, file);
        unsigned steps = 2 + below(m, 10);
        for (unsigned k = 0; k < steps; k++, i += 3, message++) {
            add_assistant(m, message, message, false);
            put(m, file);
            add_assistant(m, message, message, true);
            put(m, file);
            add_result(m, message);
            put(m, file);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: agent_logs DIR BYTES [SEED]\n");
        return 64;
    }
    struct maker m = {.random = argc > 3 ? strtoull(argv[3], NULL, 10) : 1,
                      .bytes = strtoll(argv[2], NULL, 10),
                      .at = 1767225600};
    for (; m.bytes > 0; m.session++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/-home-me-src-project-%u", argv[1], m.session % PROJECTS);
        mkdir(path, 0700);
        snprintf(path, sizeof path,
                 "%s/-home-me-src-project-%u/5e551011-0000-4000-8000-%012x.jsonl", argv[1],
                 m.session % PROJECTS, m.session);
        FILE *file = fopen(path, "w");
        if (!file) {
            perror(path);
            return 1;
        }
        make_session(&m, file);
        if (fclose(file) != 0) {
            perror(path);
            return 1;
        }
    }
    printf("%" PRId64 "\n", m.lines);
    buf_release(&m.line);
    buf_release(&m.text);
    return 0;
}
