/* SHA-256, held against the standard's own examples. */
#include "support/testing.h"

#include "plan/checksum.h"

static void assert_checksum(const char *text, const char *expected)
{
    char checksum[CHECKSUM_BYTES];
    struct fault fault;
    assert_true(checksum_make(checksum, text, strlen(text), &fault));
    assert_string_equal(checksum, expected);
}

static void test_checksum__is_that_of_the_standard(void **state)
{
    (void) state;
    assert_checksum("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_checksum("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_checksum("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksum__is_that_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
