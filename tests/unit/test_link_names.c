/* The names by which links mean a page. */
#include "worker/reads/link_names.h"

#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"

static void expect(const struct link_names *names, const char *want)
{
    struct buf got = {0};
    buf_add_text(&got, "");
    for (size_t i = 0; i < names->count; i++)
        buf_printf(&got, "%s%s", i ? " " : "", names->names[i]);
    CHECK_STR(got.data, want);
    buf_release(&got);
}

TEST(a_page_is_its_path_with_and_without_extension)
{
    struct link_names names;
    link_names_of_page(&names, "docs/a.b.md", false);
    expect(&names, "docs/a.b.md docs/a.b");
    link_names_release(&names);
}

TEST(wiki_links_name_it_without_its_folder)
{
    struct link_names names;
    link_names_of_page(&names, "docs/a.md", true);
    expect(&names, "docs/a.md docs/a a");
    link_names_release(&names);
    link_names_of_page(&names, "a", true);
    expect(&names, "a");
    link_names_release(&names);
}

TEST(a_readme_is_its_folder)
{
    struct link_names names;
    link_names_of_page(&names, "docs/README.md", false);
    expect(&names, "docs/README.md docs/README docs");
    link_names_release(&names);
    link_names_of_page(&names, "README.md", false);
    expect(&names, "README.md README");
    link_names_release(&names);
}

TEST(a_key_may_mean_these_paths)
{
    struct link_names names;
    link_names_of_key(&names, "docs/");
    expect(&names, "docs docs.md docs/README.md docs/index.md");
    link_names_release(&names);
}

static void expect_folded(const char *name, const char *want)
{
    struct buf folded = {0};
    link_fold(name, &folded);
    CHECK_STR(folded.data, want);
    buf_release(&folded);
}

TEST(case_and_the_way_accents_are_written_make_no_difference)
{
    expect_folded("Docs/Read Me.MD", "docs/read me.md");
    expect_folded("\u00c9T\u00c9", "\u00e9t\u00e9");
    expect_folded("E\u0301t\u00e9", "\u00e9t\u00e9");
    expect_folded("Stra\u00dfe", "strasse");
    expect_folded("\u0394\u03a3", "\u03b4\u03c3");
    expect_folded("Docs//", "docs");
    expect_folded("/", "/");
    expect_folded("\xff\x41", "\xff\x61"); /* a damaged store's */
}

static void expect_starts(const char *name, const char *want)
{
    struct link_starts starts = {0};
    struct buf got = {0};
    link_starts_add(&starts, name);
    buf_add_text(&got, "");
    for (size_t i = 0; i < starts.count; i++)
        buf_printf(&got, "%s ", starts.starts[i]);
    CHECK_STR(got.data, want);
    buf_release(&got);
}

TEST(names_of_any_case_begin_with_one_of_these)
{
    expect_starts("api", "a A ");
    expect_starts("Api", "a A ");
    expect_starts("1", "1 ");
    expect_starts("\u00e9t\u00e9", "\u00e9 \u00c9 e E ");
    expect_starts("\u01c6", "\u01c6 \u01c4 \u01c5 ");
    expect_starts("", "");
    expect_starts("\xff", "");
}

TEST(starts_of_several_names_are_kept_once)
{
    struct link_starts starts = {0};
    link_starts_add(&starts, "a");
    link_starts_add(&starts, "A");
    link_starts_add(&starts, "b");
    CHECK_INT((int64_t)starts.count, 4);
}
