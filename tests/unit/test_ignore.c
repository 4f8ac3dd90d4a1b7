/* .gitignore rules: what a line means, and that the last one that matches counts. */
#include "worker/sync/ignore.h"

#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"

/* 'o' out, 'i' in, '-' silent. */
static char judged(const char *rules, const char *path, bool folder)
{
    static const char letters[] = {[IGNORE_SILENT] = '-', [IGNORE_OUT] = 'o', [IGNORE_IN] = 'i'};
    struct ignore *ignore = ignore_parse(rules, strlen(rules));
    char letter = ignore ? letters[ignore_judge(ignore, path, folder)] : '0';
    ignore_free(ignore);
    return letter;
}

TEST(the_last_rule_that_matches_counts)
{
    CHECK_INT(judged("*.md\n!keep.md\n", "a.md", false), 'o');
    CHECK_INT(judged("*.md\n!keep.md\n", "keep.md", false), 'i');
    CHECK_INT(judged("*.md\n!keep.md\nkeep.md\n", "keep.md", false), 'o');
    CHECK_INT(judged("*.md\n", "a.txt", false), '-');
}

TEST(a_rule_for_folders_says_nothing_of_files_in_them)
{
    CHECK_INT(judged("docs/\n", "docs", true), 'o');
    CHECK_INT(judged("docs/\n", "docs", false), '-');
    CHECK_INT(judged("*.md\n!docs/\n", "docs/a.md", false), 'o');
    CHECK_INT(judged("docs/*\n", "docs", true), '-');
    CHECK_INT(judged("docs/**\n", "docs/a/b", false), 'o');
}

TEST(comments_blanks_and_escapes_are_gits)
{
    CHECK_INT(judged("# *.md\n\n  \n", "a.md", false), '0');
    CHECK_INT(judged("\\#a\n", "#a", false), 'o');
    CHECK_INT(judged("\\!a\n", "!a", false), 'o');
    CHECK_INT(judged("!!a\n", "!a", false), 'i');
    CHECK_INT(judged("a  \n", "a", false), 'o');
    CHECK_INT(judged("a\\ \n", "a ", false), 'o');
    CHECK_INT(judged("a\\ \n", "a", false), '-');
    CHECK_INT(judged("a\r\nb", "b", false), 'o');
    CHECK_INT(judged("\xEF\xBB\xBF"
                     "a\n",
                     "a", false),
              'o');
    CHECK_INT(judged("a[\nb\n", "b", false), 'o');
}

TEST(many_rules_and_long_ones_stay_bounded)
{
    struct buf text = {0};
    for (int i = 0; i < 20000; i++)
        buf_printf(&text, "folder-%d/*.tmp\n", i);
    struct ignore *ignore = ignore_parse(text.data, text.size);
    CHECK(ignore != NULL);
    CHECK_INT(ignore_judge(ignore, "folder-3/x.tmp", false), IGNORE_OUT);
    CHECK_INT(ignore_judge(ignore, "folder-3/x.md", false), IGNORE_SILENT);
    ignore_free(ignore);
    buf_release(&text);
}
