/* The home: which folder, and on what filesystem. */
#include "common/home.h"

#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/text.h"
#include "tests/unit/harness.h"

static const char mounts[] =
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "30 22 0:45 / /home/ada/mnt rw,nosuid - fuse.sshfs ada@host:/ rw,user_id=0\n"
    "31 22 0:46 / /vault rw - fuse.gocryptfs /cipher rw\n"
    "45 0:45 0:47 / /odd\\040name rw - fuse.rclone remote: rw\n"
    "broken line without a dash\n"
    "32 22 0:48 / /late rw - fuse.first x rw\n"
    "33 22 0:48 / /later rw - fuse.second x rw\n";

static const char *type_of(unsigned major_id, unsigned minor_id)
{
    static char type[64];
    FILE *file = fmemopen((void *)mounts, sizeof mounts - 1, "r");
    CHECK(file != NULL);
    mountinfo_type(file, makedev(major_id, minor_id), type, sizeof type);
    fclose(file);
    return type;
}

TEST(network_filesystems_are_known_by_their_numbers)
{
    CHECK_STR(network_type_name(NFS_SUPER_MAGIC), "nfs");
    CHECK_STR(network_type_name(0xFF534D42), "cifs");
    CHECK_STR(network_type_name(0xFFFFFFFFFF534D42), "cifs"); /* sign-extended */
    CHECK_STR(network_type_name(V9FS_MAGIC), "9p");
    CHECK(network_type_name(EXT4_SUPER_MAGIC) == NULL);
    CHECK(network_type_name(TMPFS_MAGIC) == NULL);
    CHECK(network_type_name(BTRFS_SUPER_MAGIC) == NULL);
    CHECK(network_type_name(OVERLAYFS_SUPER_MAGIC) == NULL);
}

TEST(fuse_is_judged_by_its_own_type)
{
    CHECK(fuse_type_is_local("fuseblk"));
    CHECK(fuse_type_is_local("fuse.gocryptfs"));
    CHECK(!fuse_type_is_local("fuse.sshfs"));
    CHECK(!fuse_type_is_local("fuse"));
    CHECK(!fuse_type_is_local(""));
}

TEST(the_type_of_a_mount_is_found_by_its_device)
{
    CHECK_STR(type_of(0, 45), "fuse.sshfs");
    CHECK_STR(type_of(0, 46), "fuse.gocryptfs");
    CHECK_STR(type_of(0, 47), "fuse.rclone");
    CHECK_STR(type_of(8, 1), "ext4");
    CHECK_STR(type_of(0, 48), "fuse.second");
    CHECK_STR(type_of(0, 4), "fuse");
    CHECK_STR(type_of(9, 9), "fuse");
}

TEST(this_folder_is_on_a_local_filesystem)
{
    const char *type = NULL;
    if (filesystem_is_network(test_dir(), &type))
        SKIP("tests run on %s", type);
    CHECK(type == NULL || fuse_type_is_local(type));
}

TEST(an_override_wins_over_the_environment)
{
    struct home home = {0};
    struct error e = {0};
    setenv("LATTICE_HOME", test_path("environment"), 1);
    CHECK_OK(home_open(test_path("given/deeper//"), &home, &e), &e);
    CHECK_STR(home.path, test_path("given/deeper"));
    struct stat st;
    CHECK(stat(home.path, &st) == 0);
    CHECK_INT(st.st_mode & 0777, 0700);
    CHECK_INT(home.inode, st.st_ino);
    home_release(&home);
    CHECK_OK(home_open(NULL, &home, &e), &e);
    CHECK_STR(home.path, test_path("environment"));
    home_release(&home);
}

TEST(without_a_name_it_is_in_the_users_data)
{
    struct home home = {0};
    struct error e = {0};
    unsetenv("LATTICE_HOME");
    setenv("HOME", test_path("user"), 1);
    unsetenv("XDG_DATA_HOME");
    CHECK_OK(home_open(NULL, &home, &e), &e);
    CHECK_STR(home.path, test_path("user/.local/share/lattice"));
    home_release(&home);
    setenv("XDG_DATA_HOME", test_path("data"), 1);
    CHECK_OK(home_open("", &home, &e), &e);
    CHECK_STR(home.path, test_path("data/lattice"));
    home_release(&home);
    setenv("XDG_DATA_HOME", "relative/is/ignored", 1);
    CHECK_OK(home_open(NULL, &home, &e), &e);
    CHECK_STR(home.path, test_path("user/.local/share/lattice"));
    home_release(&home);
}

TEST(a_relative_home_becomes_absolute)
{
    struct home home = {0};
    struct error e = {0};
    CHECK(chdir(test_dir()) == 0);
    CHECK_OK(home_open("here", &home, &e), &e);
    CHECK_STR(home.path, test_path("here"));
    home_release(&home);
}

TEST(a_missing_home_is_not_made_by_a_reader)
{
    struct home home = {0};
    struct error e = {0};
    CHECK_FAILS(home_open_existing(test_path("missing"), &home, &e), &e, CAUSE_CONFIG,
                "`lattice-supervise add ID URL` makes it");
    CHECK(home.path == NULL);
    CHECK(access(test_path("missing"), F_OK) != 0);
}

TEST(a_file_is_no_home)
{
    struct home home = {0};
    struct error e = {0};
    const char *file = test_write("file", "x", 1);
    CHECK_FAILS(home_open(file, &home, &e), &e, CAUSE_CONFIG, "not a folder");
    CHECK_FAILS(home_open(test_path("file/below"), &home, &e), &e, CAUSE_STORE,
                "choose another home");
}

TEST(files_of_a_source_are_below_its_id)
{
    struct home home = {0};
    struct error e = {0};
    CHECK_OK(home_open(test_path("home"), &home, &e), &e);
    CHECK_OK(home_make_source(&home, "notes", &e), &e);
    CHECK_OK(home_make_source(&home, "notes", &e), &e);
    char *store = home_source_path(&home, "notes", SOURCE_STORE);
    char *folder = home_source_path(&home, "notes", "");
    CHECK_STR(store, test_path("home/sources/notes/store.db"));
    CHECK_STR(folder, test_path("home/sources/notes"));
    CHECK(access(folder, W_OK) == 0);
    free(store);
    free(folder);
    home_release(&home);
}
