/*
 * The resolver that reads a file, linked into this executable: libuv's look-ups ask it, and so would libpq's.
 */
#include <netdb.h>
#include <stdlib.h>
#include <uv.h>

#include "support/folder.h"
#include "support/testing.h"

static const char *folder;

static int point_at_hosts(void **state)
{
    (void) state;
    folder = folder_new();
    setenv("FAKE_RESOLVER_HOSTS", folder_path(folder, "hosts"), 1);
    return 0;
}

static int look_up_all(const char *name, struct addrinfo **found)
{
    uv_loop_t loop;
    uv_getaddrinfo_t request;
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    assert_int_equal(uv_loop_init(&loop), 0);
    int status = uv_getaddrinfo(&loop, &request, NULL, name, NULL, &hints);
    assert_int_equal(uv_loop_close(&loop), 0);
    *found = request.addrinfo;
    return status;
}

static size_t count_addresses(const char *name)
{
    struct addrinfo *found = NULL;
    size_t count = 0;
    if (look_up_all(name, &found) == 0)
        for (const struct addrinfo *one = found; one != NULL; one = one->ai_next)
            count++;
    uv_freeaddrinfo(found);
    return count;
}

static void test_fake_resolver__a_name_resolves_once_it_is_in_the_file(void **state)
{
    (void) state;
    struct addrinfo *found = NULL;
    assert_int_equal(look_up_all("db.test", &found), UV_EAI_NONAME);
    folder_add(folder, "hosts", "db.test 127.0.0.2 127.0.0.1 ::1\n");
    assert_int_equal(count_addresses("db.test"), 3);
    assert_int_equal(count_addresses("db"), 0);
    assert_int_equal(count_addresses("127.0.0.1"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fake_resolver__a_name_resolves_once_it_is_in_the_file),
    };
    return cmocka_run_group_tests(tests, point_at_hosts, NULL);
}
