/* All bytes arrive, or it is said that they did not. */
#include "support/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/descriptor.h"

static void test_descriptor__all_bytes_arrive(void **state)
{
    (void) state;
    int ends[2];
    char got[8] = "";
    assert_int_equal(pipe(ends), 0);
    assert_true(descriptor_write(ends[1], "", 0));
    assert_true(descriptor_write(ends[1], "abc", 3));
    assert_int_equal(read(ends[0], got, sizeof got), 3);
    assert_string_equal(got, "abc");
    close(ends[0]);
    close(ends[1]);
}

static void test_descriptor__a_full_disk_is_told(void **state)
{
    (void) state;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_false(descriptor_write(fd, "abc", 3));
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void test_descriptor__there_are_as_many_as_the_limit_says(void **state)
{
    (void) state;
    struct rlimit before, lower;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    lower = before;
    lower.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lower), 0);
    assert_int_equal(descriptor_most(), 100);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptor__all_bytes_arrive),
        cmocka_unit_test(test_descriptor__a_full_disk_is_told),
        cmocka_unit_test(test_descriptor__there_are_as_many_as_the_limit_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
