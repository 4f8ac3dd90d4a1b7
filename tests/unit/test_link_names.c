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
