/*
 * One file's bytes, from the disk to the heap and back. It promises that what is read is what the file held at one moment
 * as far as its size can tell; it does not look at the text.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "plan/shelf.h"

static bool refuse_change(const struct migration *migration, struct fault *fault)
{
    fault_set(fault, FAULT_CONFIG, "the migration \"%s\" changed while it was read", migration->path);
    fault_hint(fault, "Start again when whatever writes the folder is done.");
    return false;
}

static bool refuse_read(const struct migration *migration, int system_errno, struct fault *fault)
{
    if (system_errno == ENOENT)
        fault_set(fault, FAULT_CONFIG, "the migration \"%s\" disappeared between discovery and reading", migration->path);
    else
        fault_set_errno(fault, FAULT_CONFIG, system_errno, "cannot read the migration \"%s\"", migration->path);
    return false;
}

static bool measure(const struct migration *migration, int fd, size_t *size, struct fault *fault)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return refuse_read(migration, errno, fault);
    if (!S_ISREG(status.st_mode))
        return refuse_change(migration, fault);
    if (status.st_size > (off_t) MIGRATION_MAX_BYTES)
        return fault_set(fault, FAULT_CONFIG, "the migration \"%s\" is larger than 1023 MB", migration->path);
    *size = (size_t) status.st_size;
    return true;
}

/* Reads until size bytes or the end; *got tells how far it came. */
static bool read_fully(const struct migration *migration, int fd, char *bytes, size_t size, size_t *got, struct fault *fault)
{
    for (*got = 0; *got < size;) {
        ssize_t count = read(fd, bytes + *got, size - *got);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return refuse_read(migration, errno, fault);
        *got += (size_t) count;
        if (count == 0 || *got + 1 == size) /* as much as there should be, though more was asked for: that is the end */
            return true;
    }
    return true;
}

/* Asks for one byte more than there should be, the place of the NUL, to meet the end of the file. */
static bool read_bytes(struct migration *migration, int fd, size_t size, struct fault *fault)
{
    size_t got;
    char *bytes = memory_alloc(size + 1);
    if (bytes == NULL)
        return fault_out_of_memory(fault);
    bool ok = read_fully(migration, fd, bytes, size + 1, &got, fault);
    if (ok && got != size)
        ok = refuse_change(migration, fault);
    if (!ok) {
        memory_free(bytes);
        return false;
    }
    migration->source = (struct source){ .name = migration->name, .bytes = bytes, .size = size };
    return true;
}

/* Non-blocking, lest a pipe that took the file's place holds us up. */
static int open_file(const struct migration *migration)
{
    return open(migration->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

bool migration_read(struct migration *migration, struct fault *fault)
{
    size_t size = 0;
    if (migration->source.bytes != NULL)
        return true;
    int fd = open_file(migration);
    if (fd < 0)
        return refuse_read(migration, errno, fault);
    bool ok = measure(migration, fd, &size, fault) && read_bytes(migration, fd, size, fault);
    close(fd);
    if (!ok)
        return false;
    if (checksum_make(migration->checksum, migration->source.bytes, size, fault))
        return true;
    migration_release(migration);
    return false;
}

/* In as few calls as there can be, because a folder may have ten thousand files: a regular file's read is short at its end only. */
void migration_sum(struct migration *migration)
{
    char bytes[MIGRATION_SUM_MOST_BYTES + 1];
    struct fault untold;
    if (migration->checksum[0] != '\0')
        return;
    int fd = open_file(migration);
    if (fd < 0)
        return;
    ssize_t got = read(fd, bytes, sizeof bytes);
    close(fd);
    if (got >= 0 && got <= MIGRATION_SUM_MOST_BYTES)
        checksum_make(migration->checksum, bytes, (size_t) got, &untold);
}

void migration_release(struct migration *migration)
{
    /* The bytes are const for everyone who reads them; here is where they were made. */
    memory_free((void *) (uintptr_t) migration->source.bytes);
    migration->source.bytes = NULL;
    migration->source.size = 0;
}
