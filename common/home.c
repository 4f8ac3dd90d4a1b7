/* The resolver of $LATTICE_HOME and of the files in it. */
#include "common/home.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"

/* statfs(2) types on which SQLite's locks or its shared memory do not hold between machines.
 * The last ones are not in every linux/magic.h. */
static const struct {
    long magic;
    const char *name;
} network_types[] = {
    {NFS_SUPER_MAGIC, "nfs"}, {SMB_SUPER_MAGIC, "smb"}, {CODA_SUPER_MAGIC, "coda"},
    {AFS_SUPER_MAGIC, "afs"}, {V9FS_MAGIC, "9p"},       {OCFS2_SUPER_MAGIC, "ocfs2"},
    {0xFF534D42, "cifs"},     {0xFE534D42, "smb2"},     {0x00C36400, "ceph"},
    {0x0BD00BD0, "lustre"},   {0x47504653, "gpfs"},     {0x01161970, "gfs2"},
    {0x6B414653, "kafs"},     {0x19830326, "beegfs"},   {0xAAD7AAEA, "panfs"},
};

/* FUSE types that are known to be local; any other FUSE filesystem may be remote. */
static const char *const local_fuse[] = {"fuseblk",    "fuse.gocryptfs",      "fuse.encfs",
                                         "fuse.cryfs", "fuse.fuse-overlayfs", "fuse.mergerfs",
                                         "fuse.lxcfs"};

/* Type of the mount that holds device `dev`; see proc(5), /proc/pid/mountinfo. */
void mountinfo_type(FILE *mountinfo, dev_t dev, char *out, size_t size)
{
    char want[32];
    char *line = NULL;
    size_t room = 0;
    snprintf(want, sizeof want, "%u:%u", major(dev), minor(dev));
    snprintf(out, size, "fuse");
    while (mountinfo && getline(&line, &room, mountinfo) > 0) {
        const char *type = strstr(line, " - ");
        const char *device = line;
        for (int i = 0; i < 2; i++) { /* behind the ids of the mount and of its parent */
            device += strcspn(device, " ");
            device += *device == ' ';
        }
        size_t length = strcspn(device, " ");
        if (!type || length != strlen(want) || strncmp(device, want, length) != 0)
            continue;
        type += 3;
        snprintf(out, size, "%.*s", (int)strcspn(type, " \n"), type);
    }
    free(line);
}

bool fuse_type_is_local(const char *type)
{
    for (size_t i = 0; i < sizeof local_fuse / sizeof *local_fuse; i++)
        if (strcmp(type, local_fuse[i]) == 0)
            return true;
    return false;
}

static bool fuse_is_network(const char *path, const char **type)
{
    static char name[64];
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    CLEANUP(close_file) FILE *mountinfo = fopen("/proc/self/mountinfo", "re");
    mountinfo_type(mountinfo, st.st_dev, name, sizeof name);
    *type = name;
    return !fuse_type_is_local(name);
}

const char *network_type_name(unsigned long f_type)
{
    for (size_t i = 0; i < sizeof network_types / sizeof *network_types; i++)
        if ((unsigned int)f_type == (unsigned int)network_types[i].magic)
            return network_types[i].name;
    return NULL;
}

bool filesystem_is_network(const char *path, const char **type)
{
    struct statfs fs;
    if (statfs(path, &fs) != 0)
        return false;
    if (fs.f_type == FUSE_SUPER_MAGIC)
        return fuse_is_network(path, type);
    const char *name = network_type_name((unsigned long)fs.f_type);
    if (name)
        *type = name;
    return name != NULL;
}

static const char *user_folder(void)
{
    const char *home = getenv("HOME");
    if (home && *home == '/')
        return home;
    const struct passwd *user = getpwuid(geteuid());
    return user && user->pw_dir && *user->pw_dir == '/' ? user->pw_dir : NULL;
}

/* NULL if nothing names one. Caller frees. */
static char *choose(const char *override)
{
    const char *named = override && *override ? override : getenv("LATTICE_HOME");
    if (named && *named == '/')
        return xstrdup(named);
    if (named && *named) {
        char cwd[PATH_MAX];
        return getcwd(cwd, sizeof cwd) ? xasprintf("%s/%s", cwd, named) : NULL;
    }
    const char *data = getenv("XDG_DATA_HOME");
    if (data && *data == '/')
        return xasprintf("%s/lattice", data);
    const char *user = user_folder();
    return user ? xasprintf("%s/.local/share/lattice", user) : NULL;
}

static bool make_folders(char *path, struct error *e)
{
    for (char *slash = path + 1;; slash++) {
        slash += strcspn(slash, "/");
        char kept = *slash;
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            int reason = errno;
            struct stat st; /* EROFS or EACCES on what is there already is no failure */
            if (stat(path, &st) != 0) {
                error_set(e, CAUSE_STORE,
                          "make %s: %s; choose another home with --home or LATTICE_HOME", path,
                          strerror(reason));
                errno = reason;
                return false;
            }
        }
        *slash = kept;
        if (!kept)
            return true;
    }
}

static bool check(struct home *home, struct error *e)
{
    struct stat st;
    const char *type = NULL;
    if (stat(home->path, &st) != 0)
        return error_set(e, CAUSE_CONFIG, "home %s: %s; `lattice-supervise add ID URL` makes it",
                         home->path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return error_set(e, CAUSE_CONFIG, "home %s: not a folder", home->path);
    if (st.st_uid != geteuid() && geteuid() != 0)
        return error_set(e, CAUSE_CONFIG,
                         "home %s: belongs to user %u, not to you; run as that user", home->path,
                         (unsigned)st.st_uid);
    if (filesystem_is_network(home->path, &type))
        return error_set(e, CAUSE_CONFIG,
                         "home %s: is on a network filesystem (%s), where SQLite's locks do not "
                         "hold; choose a local folder with --home or LATTICE_HOME",
                         home->path, type);
    home->device = st.st_dev;
    home->inode = st.st_ino;
    return true;
}

static bool open_home(const char *override, bool make, struct home *home, struct error *e)
{
    struct home found = {.path = choose(override)};
    if (!found.path)
        return error_set(e, CAUSE_CONFIG, "no home: set LATTICE_HOME or HOME, or give --home DIR");
    size_t length = strlen(found.path);
    while (length > 1 && found.path[length - 1] == '/')
        found.path[--length] = '\0';
    if ((make && !make_folders(found.path, e)) || !check(&found, e)) {
        home_release(&found);
        return false;
    }
    *home = found;
    return true;
}

bool home_open(const char *override, struct home *home, struct error *e)
{
    return open_home(override, true, home, e);
}

bool home_open_existing(const char *override, struct home *home, struct error *e)
{
    return open_home(override, false, home, e);
}

void home_release(struct home *home)
{
    free(home->path);
    *home = (struct home){0};
}

char *home_path(const struct home *home, const char *file)
{
    return xasprintf("%s/%s", home->path, file);
}

char *home_source_path(const struct home *home, const char *id, const char *file)
{
    return xasprintf("%s/sources/%s%s%s", home->path, id, *file ? "/" : "", file);
}

bool home_make_source(const struct home *home, const char *id, struct error *e)
{
    CLEANUP(free_text) char *path = home_source_path(home, id, "");
    return make_folders(path, e);
}
