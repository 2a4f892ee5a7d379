/* status and plan, for people and as JSON. */
#include "rendered.h"

#include "face/history_text.h"
#include "support/starve.h"

static const char pending_text[] = "-- why\nCREATE TABLE a ();\n\nALTER TABLE a\n  ADD b int;\n";
static const struct source pending_source = { .name = "004_a.sql", .bytes = pending_text, .size = sizeof pending_text - 1 };
static struct statement pending_statements[] = {
    { .offset_bytes = 7, .size_bytes = 17 },
    { .offset_bytes = 27, .size_bytes = 26 },
};

static const char alone_text[] = "VACUUM a;\n";
static const struct source alone_source = { .name = "005_vacuum.sql", .bytes = alone_text, .size = sizeof alone_text - 1 };
static struct statement alone_statements[] = { { .offset_bytes = 0, .size_bytes = 8, .alone = true } };

static const struct ledger_row rows[] = {
    { .migration_name = "001_add_users.sql",
      .applied_at = "2026-01-31T12:00:00.123456Z",
      .checksum = "aa",
      .duration_us = 12345 },
    { .migration_name = "002_b.sql", .applied_at = "2026-01-31T12:00:01.000000Z", .checksum = "bb", .duration_us = 1200000 },
    { .migration_name = "003_gone.sql", .applied_at = "2025-12-24T18:00:00.000000Z", .checksum = NULL, .duration_us = -1 },
};

static struct migration files[] = {
    { .name = "001_add_users.sql", .checksum = "aa" },
    { .name = "002_b.sql", .checksum = "cc" },
    { .name = "004_a.sql", .checksum = "dd" },
    { .name = "005_vacuum.sql", .checksum = "ee" },
};

static struct step steps[] = {
    { .state = STEP_APPLIED,
      .name = "001_add_users.sql",
      .reason = "in the ledger",
      .migration = &files[0],
      .row = &rows[0] },
    { .state = STEP_CHANGED,
      .name = "002_b.sql",
      .reason = "changed since it was applied",
      .migration = &files[1],
      .row = &rows[1] },
    { .state = STEP_MISSING, .name = "003_gone.sql", .reason = "applied, but there is no such file", .row = &rows[2] },
    { .state = STEP_PENDING,
      .name = "004_a.sql",
      .reason = "not in the ledger",
      .migration = &files[2],
      .script = { .source = &pending_source,
                  .mode = SCRIPT_TRANSACTION,
                  .statements = pending_statements,
                  .statement_count = 2 } },
    { .state = STEP_PENDING,
      .name = "005_vacuum.sql",
      .reason = "not in the ledger",
      .migration = &files[3],
      .script = { .source = &alone_source,
                  .mode = SCRIPT_STATEMENTS,
                  .mode_reason = "VACUUM (line 1) cannot run in a transaction block",
                  .statements = alone_statements,
                  .statement_count = 1 } },
};

static const struct plan plan = { .steps = steps, .count = 5, .applied = 2, .changed = 1, .missing = 1, .pending = 2 };
static const struct ledger ledger = { .exists = true, .name = "public.schema_migrations" };
static const struct plan empty_plan;
static const struct ledger no_ledger = { .exists = false, .name = "schema_migrations" };

static void test_status__is_an_aligned_table_and_a_sum(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(status_text_add, &plan, &ledger, false),
                        "state    migration          applied at (UTC)       duration\n"
                        "applied  001_add_users.sql  2026-01-31 12:00:00       12 ms\n"
                        "changed  002_b.sql          2026-01-31 12:00:01       1.2 s\n"
                        "missing  003_gone.sql       2025-12-24 18:00:00\n"
                        "pending  004_a.sql\n"
                        "pending  005_vacuum.sql\n"
                        "\n"
                        "2 applied (1 of them changed), 2 pending, 1 missing; ledger public.schema_migrations\n");
}

static void test_status__of_nothing_is_the_sum(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(status_text_add, &empty_plan, &no_ledger, false),
                        "0 applied, 0 pending; ledger schema_migrations (not there yet)\n");
}

static void test_status__json_has_every_key_in_every_entry(void **state)
{
    (void) state;
    assert_string_equal(
        RENDERED(status_json_add, &plan, &ledger),
        "{\n"
        "  \"ledger\":\"public.schema_migrations\",\"ledger_exists\":true,\n"
        "  \"applied\":2,\"pending\":2,\"changed\":1,\"missing\":1,\n"
        "  \"migrations\":[\n"
        "    {\"name\":\"001_add_users.sql\",\"state\":\"applied\",\"reason\":\"in the ledger\","
        "\"applied_at\":\"2026-01-31T12:00:00.123456Z\",\"duration_us\":12345,\"applied_checksum\":\"aa\",\"file_checksum\":"
        "\"aa\"},\n"
        "    {\"name\":\"002_b.sql\",\"state\":\"changed\",\"reason\":\"changed since it was applied\","
        "\"applied_at\":\"2026-01-31T12:00:01.000000Z\",\"duration_us\":1200000,\"applied_checksum\":\"bb\","
        "\"file_checksum\":\"cc\"},\n"
        "    {\"name\":\"003_gone.sql\",\"state\":\"missing\",\"reason\":\"applied, but there is no such file\","
        "\"applied_at\":\"2025-12-24T18:00:00.000000Z\",\"duration_us\":null,\"applied_checksum\":null,\"file_checksum\":"
        "null},\n"
        "    {\"name\":\"004_a.sql\",\"state\":\"pending\",\"reason\":\"not in the ledger\","
        "\"applied_at\":null,\"duration_us\":null,\"applied_checksum\":null,\"file_checksum\":\"dd\"},\n"
        "    {\"name\":\"005_vacuum.sql\",\"state\":\"pending\",\"reason\":\"not in the ledger\","
        "\"applied_at\":null,\"duration_us\":null,\"applied_checksum\":null,\"file_checksum\":\"ee\"}\n"
        "  ]\n"
        "}\n");
}

static void test_plan__names_order_reason_and_transactions(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(plan_text_add, &plan, &ledger, false),
                        "To be applied, in this order:\n"
                        "  004_a.sql          not in the ledger, 2 statements, in one transaction\n"
                        "  005_vacuum.sql     not in the ledger, 1 statement, not in one transaction\n"
                        "    VACUUM (line 1) cannot run in a transaction block\n"
                        "\n"
                        "Not as they were applied:\n"
                        "  002_b.sql          changed since it was applied\n"
                        "  003_gone.sql       applied, but there is no such file\n"
                        "\n"
                        "2 applied (1 of them changed), 2 pending, 1 missing; ledger public.schema_migrations\n");
}

static void test_plan__of_nothing_says_so(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(plan_text_add, &empty_plan, &no_ledger, false),
                        "Nothing to do.\n\n0 applied, 0 pending; ledger schema_migrations (not there yet)\n");
}

static void test_plan__json_lists_statements_with_their_lines(void **state)
{
    (void) state;
    const char *json = RENDERED(plan_json_add, &plan, &ledger);
    assert_contains(json, "{\"name\":\"004_a.sql\",\"state\":\"pending\",\"reason\":\"not in the ledger\","
                          "\"transaction\":\"on\",\"transaction_reason\":null,\"statement_count\":2,\"statements\":["
                          "{\"line\":2,\"text\":\"CREATE TABLE a ()\"},{\"line\":4,\"text\":\"ALTER TABLE a");
    assert_contains(json,
                    "\"transaction\":\"off\",\"transaction_reason\":\"VACUUM (line 1) cannot run in a transaction block\","
                    "\"statement_count\":1,\"statements\":[{\"line\":1,\"text\":\"VACUUM a\"}]}\n");
    assert_contains(json,
                    "{\"name\":\"001_add_users.sql\",\"state\":\"applied\",\"reason\":\"in the ledger\","
                    "\"transaction\":null,\"transaction_reason\":null,\"statement_count\":null,\"statements\":null},\n");
}

static void test_plan__json_of_nothing_has_an_empty_list(void **state)
{
    (void) state;
    assert_string_equal(RENDERED(plan_json_add, &empty_plan, &no_ledger),
                        "{\n"
                        "  \"ledger\":\"schema_migrations\",\"ledger_exists\":false,\n"
                        "  \"applied\":0,\"pending\":0,\"changed\":0,\"missing\":0,\n"
                        "  \"migrations\":[]\n"
                        "}\n");
}

static void test_history__colour_is_only_there_when_asked_for(void **state)
{
    (void) state;
    assert_contains(RENDERED(status_text_add, &plan, &ledger, true), "\033[33mchanged  \033[0m002_b.sql");
    assert_contains(RENDERED(plan_text_add, &plan, &ledger, true), "\033[36m004_a.sql");
    assert_lacks(RENDERED(plan_text_add, &plan, &ledger, false), "\033");
}

static void test_history__names_keep_their_columns_and_cannot_steer_a_terminal(void **state)
{
    (void) state;
    static const struct ledger_row row = { .applied_at = "2026-01-31T12:00:00.123456Z", .duration_us = -1 };
    struct step odd[] = { { .state = STEP_MISSING, .name = "\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD.sql", .row = &row },
                          { .state = STEP_MISSING, .name = "12345\033.sql", .row = &row } };
    const struct plan odd_plan = { .steps = odd, .count = 2, .missing = 2 };
    const char *text = RENDERED(status_text_add, &odd_plan, &ledger, false);
    assert_contains(text, "missing  \xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD.sql  2026");
    assert_contains(text, "missing  12345\xE2\x90\x9B.sql  2026");
    assert_lacks(RENDERED(status_json_add, &odd_plan, &ledger), "\033");
}

static bool show_all(void *argument, struct fault *fault)
{
    (void) argument;
    struct buf buf;
    buf_init(&buf, 1024 * 1024);
    status_text_add(&buf, &plan, &ledger, true);
    status_json_add(&buf, &plan, &ledger);
    plan_text_add(&buf, &plan, &ledger, true);
    plan_json_add(&buf, &plan, &ledger);
    return rendered_ok(&buf, fault);
}

static void test_history__survives_every_failed_allocation(void **state)
{
    (void) state;
    starve(show_all, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status__is_an_aligned_table_and_a_sum),
        cmocka_unit_test(test_status__of_nothing_is_the_sum),
        cmocka_unit_test(test_status__json_has_every_key_in_every_entry),
        cmocka_unit_test(test_plan__names_order_reason_and_transactions),
        cmocka_unit_test(test_plan__of_nothing_says_so),
        cmocka_unit_test(test_plan__json_lists_statements_with_their_lines),
        cmocka_unit_test(test_plan__json_of_nothing_has_an_empty_list),
        cmocka_unit_test(test_history__colour_is_only_there_when_asked_for),
        cmocka_unit_test(test_history__names_keep_their_columns_and_cannot_steer_a_terminal),
        cmocka_unit_test(test_history__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
