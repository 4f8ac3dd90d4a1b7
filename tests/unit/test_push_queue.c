/* How much of what was pushed the store does not have yet. */
#include "tests/unit/harness.h"
#include "worker/reads/inbox_internal.h"

TEST(what_was_imported_without_being_acknowledged_hides_nothing_that_waits)
{
    struct inbox_file files[] = {{.written = 5, .imported = 3}, {.written = 2, .imported = 4}};
    const struct inbox inbox = {.files = files, .file_count = 2};
    CHECK_INT(inbox_waiting(&inbox), 2);
    files[0].imported = 5;
    CHECK_INT(inbox_waiting(&inbox), 0);
}
