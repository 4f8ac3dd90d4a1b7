/* Control groups: where our own is, from the kernel's texts; one that cannot be used. */
#include "common/cgroup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/harness.h"

static void check_folder(const char *mounts, const char *groups, const char *want)
{
    char *got = cgroup_folder_parse(mounts, groups);
    CHECK_STR(got ? got : "(none)", want);
    free(got);
}

TEST(unified_below_the_usual_place)
{
    check_folder("30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
                 "0::/user.slice/user-1000.slice/session-2.scope\n",
                 "/sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope");
}

TEST(hybrid_with_the_old_hierarchies_around_it)
{
    check_folder("31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
                 "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
                 "41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n",
                 "4:memory:/x\n1:name=systemd:/y\n0::/\n", "/sys/fs/cgroup/unified");
}

TEST(a_mount_that_shows_a_part_of_the_hierarchy)
{
    check_folder("41 31 0:38 /box /mnt/a\\040b rw - cgroup2 none rw\n", "0::/box/in\n",
                 "/mnt/a b/in");
    check_folder("41 31 0:38 /box /mnt rw - cgroup2 none rw\n", "0::/boxes/in\n", "(none)");
}

TEST(none_where_nothing_shows_it)
{
    check_folder("", "", "(none)");
    check_folder("41 31 0:38 / /x rw - cgroup cgroup rw,cpu\n", "1:cpu:/\n", "(none)");
    check_folder("41 31 0:38 / /x rw - cgroup2 none rw\n", "0::/../sibling\n", "(none)");
}

/* What is there afterwards would say that all was started in it. */
TEST(a_group_that_cannot_be_opened_is_not_left_there)
{
    struct rlimit limit;
    struct error e = {0};
    int fd = -1;
    const char *folder = test_path("group");
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, limit.rlim_max}), 0);
    CHECK_FAILS(cgroup_make(folder, &fd, &e), &e, CAUSE_CONFIG, "Too many open files");
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK(access(folder, F_OK) != 0);
}
