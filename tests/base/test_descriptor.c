/* All bytes arrive, or it is said that they did not. */
#include "support/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/interrupt.h"

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

enum { MORE_THAN_A_PIPE_BYTES = 1 << 20 };

/* Reads to the end in a process of its own, which succeeds when that many bytes came. */
static pid_t start_reader(const int *ends)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    close(ends[1]);
    static char some[4096];
    size_t size = 0;
    ssize_t got;
    while ((got = read(ends[0], some, sizeof some)) > 0)
        size += (size_t) got;
    _exit(size == MORE_THAN_A_PIPE_BYTES ? 0 : 1);
}

static void test_descriptor__a_pipe_that_does_not_block_is_waited_for(void **state)
{
    (void) state;
    static const char bytes[MORE_THAN_A_PIPE_BYTES];
    int ends[2];
    int status = -1;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    pid_t reader = start_reader(ends);
    assert_true(descriptor_write(ends[1], bytes, sizeof bytes));
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
}

static void test_descriptor__a_signal_ends_the_wait_for_bytes(void **state)
{
    (void) state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    interrupt_note(SIGTERM);
    assert_false(descriptor_await(ends[0], POLLIN));
    assert_int_equal(errno, EINTR);
    interrupt_forget();
    assert_int_equal(write(ends[1], "a", 1), 1);
    assert_true(descriptor_await(ends[0], POLLIN));
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
        cmocka_unit_test(test_descriptor__a_pipe_that_does_not_block_is_waited_for),
        cmocka_unit_test(test_descriptor__a_signal_ends_the_wait_for_bytes),
        cmocka_unit_test(test_descriptor__a_full_disk_is_told),
        cmocka_unit_test(test_descriptor__there_are_as_many_as_the_limit_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
