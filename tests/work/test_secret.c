/*
 * Secrets that are files: what is taken from one, and what cannot be one.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "support/fixture.h"
#include "support/folder.h"
#include "support/must.h"
#include "work/secret.h"

#define MARKER "Xq7zSecretW"

struct secret_case {
    const char *text;
    const char *secret;
};

static const char *read_secret(const char *path)
{
    char *text = NULL;
    struct fault fault;
    if (!secret_read(&text, &arena, path, "POSTGRES_PASSWORD_FILE", &fault))
        fail_msg("%s", fault.what);
    return text;
}

static void test_secret__loses_one_newline_and_nothing_else(void **state)
{
    (void) state;
    static const struct secret_case cases[] = {
        { "x", "x" },     { "x\n", "x" }, { "x\r\n", "x" }, { "x\n\n", "x\n" },
        { " x ", " x " }, { "\n", "" },   { "", "" },       { "a\nb", "a\nb" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(read_secret(folder_add(folder_new(), "secret", cases[i].text)), cases[i].secret);
}

static void expect_unreadable(const char *path, const char *told_of)
{
    char *text = NULL;
    struct fault fault;
    fault_clear(&fault);
    assert_false(secret_read(&text, &arena, path, "POSTGRES_PASSWORD_FILE", &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, "POSTGRES_PASSWORD_FILE");
    assert_contains(fault.what, path);
    assert_contains(fault.what, told_of);
    assert_lacks(fault.what, MARKER);
}

static void test_secret__what_cannot_be_one_is_refused(void **state)
{
    (void) state;
    const char *folder = folder_new();
    expect_unreadable(must_format("%s/none", folder), "No such file");
    expect_unreadable(folder, "directory");
    expect_unreadable(folder_add_bytes(folder, "nul", MARKER "\0x", sizeof MARKER + 1), "NUL");
    char *large = must_alloc(64 * 1024 + 2);
    memset(large, 'x', 64 * 1024 + 1);
    expect_unreadable(folder_add(folder, "large", large), "64 kB");
    large[64 * 1024] = '\0';
    assert_int_equal(strlen(read_secret(folder_add(folder, "just", large))), 64 * 1024);
    free(large);
}

static void test_secret__what_may_be_the_secret_itself_is_not_shown(void **state)
{
    (void) state;
    static const char *const slips[] = { MARKER, MARKER "/with+slashes/==", "." MARKER, "~" MARKER };
    char *text = NULL;
    struct fault fault;
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        assert_false(secret_read(&text, &arena, slips[i], "POSTGRES_PASSWORD_FILE", &fault));
        assert_string_equal(fault.what, "cannot read the file that POSTGRES_PASSWORD_FILE names: No such file or directory");
        assert_contains(fault.hint, "not what is in it");
        assert_lacks(fault.hint, MARKER);
    }
    expect_unreadable("./none", "No such file");
    expect_unreadable("../none", "No such file");
}

static void test_secret__a_fifo_does_not_hold_it_up(void **state)
{
    (void) state;
    const char *path = must_format("%s/fifo", folder_new());
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_unreadable(path, "no regular file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(test_secret__loses_one_newline_and_nothing_else),
        IN_ARENA(test_secret__what_cannot_be_one_is_refused),
        IN_ARENA(test_secret__what_may_be_the_secret_itself_is_not_shown),
        IN_ARENA(test_secret__a_fifo_does_not_hold_it_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
