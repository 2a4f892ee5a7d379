/*
 * What a session overhears while nothing is said over it: notifications, and the end of the connection. Against a real server.
 */
#include "chat.h"
#include "support/fixture.h"

static void listen_on(struct chat *chat)
{
    static const struct chat_line lines[] = { { .sql = "LISTEN schema_migrations" }, { .kind = ACT_SYNC } };
    chat_hold(chat, lines, 2);
}

static unsigned stirred;

static void on_stirred(void *owner)
{
    (void) owner;
    stirred++;
}

static void overhear(struct chat *chat)
{
    struct fault fault;
    stirred = 0;
    assert_true(session_overhear(chat->session, on_stirred, &fault));
}

static void test_overhear__a_notification_that_comes_between_two_talks(void **state)
{
    (void) state;
    struct chat chat;
    chat_open(&chat, cluster_conninfo(cluster, "postgres"));
    listen_on(&chat);
    assert_false(session_was_notified(chat.session));
    overhear(&chat);
    cluster_sql(cluster, NULL, "NOTIFY schema_migrations");
    loop_run(chat.loop); /* it ends when nothing is watched any more */
    assert_int_equal(stirred, 1);
    assert_int_equal(session_state(chat.session), SESSION_OPEN);
    assert_true(session_was_notified(chat.session));
    assert_false(session_was_notified(chat.session));
    chat_close(&chat);
}

static void test_overhear__a_notification_that_comes_in_the_middle_of_a_talk(void **state)
{
    (void) state;
    static const struct chat_line lines[] = { { .sql = "SELECT pg_notify('schema_migrations', '1.sql')" },
                                              { .kind = ACT_SYNC },
                                              { .sql = "SELECT 1" },
                                              { .kind = ACT_SYNC } };
    struct chat chat;
    chat_open(&chat, cluster_conninfo(cluster, "postgres"));
    listen_on(&chat);
    chat_hold(&chat, lines, 4);
    assert_true(session_was_notified(chat.session));
    chat_close(&chat);
}

static void test_overhear__other_messages_are_no_notification(void **state)
{
    (void) state;
    struct chat chat;
    chat_open(&chat, cluster_conninfo(cluster, "postgres"));
    listen_on(&chat);
    overhear(&chat);
    cluster_sql(cluster, NULL, "ALTER SYSTEM SET application_name = 'reported'"); /* as a ParameterStatus */
    cluster_sql(cluster, NULL, "SELECT pg_reload_conf()");
    cluster_sql(cluster, NULL, "NOTIFY other");
    cluster_sql(cluster, NULL, "NOTIFY schema_migrations");
    loop_run(chat.loop);
    assert_int_equal(stirred, 1);
    chat_close(&chat);
    cluster_sql(cluster, NULL, "ALTER SYSTEM RESET application_name");
    cluster_sql(cluster, NULL, "SELECT pg_reload_conf()");
}

static void test_overhear__a_connection_that_breaks(void **state)
{
    (void) state;
    struct chat chat;
    chat_open(&chat, must_format("%s application_name=broken", cluster_conninfo(cluster, "postgres")));
    listen_on(&chat);
    overhear(&chat);
    cluster_sql(cluster, NULL, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'broken'");
    loop_run(chat.loop);
    assert_int_equal(stirred, 1);
    assert_int_equal(session_state(chat.session), SESSION_CLOSED);
    assert_int_equal(session_sighting(chat.session)->seen, SEEN_CLOSED);
    assert_true(session_sighting(chat.session)->message[0] != '\0');
    chat_close(&chat);
}

static void test_overhear__a_talk_ends_it(void **state)
{
    (void) state;
    struct chat chat;
    chat_open(&chat, cluster_conninfo(cluster, "postgres"));
    listen_on(&chat);
    overhear(&chat);
    listen_on(&chat);
    cluster_sql(cluster, NULL, "NOTIFY schema_migrations");
    loop_run(chat.loop);
    assert_int_equal(stirred, 0);
    chat_close(&chat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overhear__a_notification_that_comes_between_two_talks),
        cmocka_unit_test(test_overhear__a_notification_that_comes_in_the_middle_of_a_talk),
        cmocka_unit_test(test_overhear__other_messages_are_no_notification),
        cmocka_unit_test(test_overhear__a_connection_that_breaks),
        cmocka_unit_test(test_overhear__a_talk_ends_it),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
