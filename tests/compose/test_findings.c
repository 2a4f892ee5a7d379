/* What a review is told, what it refuses, and that it ends cleanly whatever happens. The findings themselves are in cases/. */
#include "support/testing.h"

#include "compose/check.h"
#include "face/findings_text.h"
#include "support/must.h"
#include "support/starve.h"

enum { MOST_BYTES = 1024 * 1024 };

static struct arena arena;
static struct review review;
static struct fault fault;

static int open_arena(void **state)
{
    (void) state;
    arena_init(&arena);
    fault_clear(&fault);
    return 0;
}

static int close_arena(void **state)
{
    (void) state;
    arena_finish(&arena);
    return 0;
}

static bool judge(const char *text, struct stack_options options)
{
    struct source *source = arena_alloc(&arena, sizeof *source);
    *source = (struct source){ .name = "x.yml", .bytes = text, .size = strlen(text) };
    return check_review(&review, &arena, source, &options, &fault);
}

/* "rule service line:column" for each finding. */
static const char *findings(const char *text, struct stack_options options)
{
    struct bytes all = { 0 };
    must(judge(text, options), "%s", fault.what);
    bytes_add_format(&all, "%s", "");
    for (size_t i = 0; i < review.count; i++) {
        const struct finding *finding = &review.findings[i];
        struct position position = source_position(review.stack.source, finding->offset_bytes);
        bytes_add_format(&all, "%s %s %zu:%zu\n", finding_rule_name(finding->rule),
                         finding->service != NULL ? finding->service : "-", position.line, position.column);
    }
    const char *kept = must_keep(all.at, all.size);
    bytes_finish(&all);
    return kept;
}

static const char strange[] = "services:\n"
                              "  one:\n"
                              "    image: registry/one\n"
                              "    healthcheck: {test: pg_isready}\n"
                              "  two:\n"
                              "    image: registry/two\n"
                              "    restart: always\n"
                              "  three:\n"
                              "    image: registry/three\n"
                              "    environment: {PGHOST: one}\n";

static void test_findings__what_cannot_be_recognised_can_be_told(void **state)
{
    (void) state;
    assert_string_equal(findings(strange, (struct stack_options){ 0 }), "no-migration - 1:1\n");
    assert_string_equal(findings(strange, (struct stack_options){ .migrate_service = "two", .database_service = "one" }),
                        "socket-health-check one 4:25\n"
                        "migrates-too-early two 5:3\n"
                        "would-restart two 7:5\n"
                        "does-not-wait three 8:3\n");
}

static void test_findings__only_the_told_service_migrates(void **state)
{
    (void) state;
    static const char text[] = "services:\n"
                               "  db: {image: postgres}\n"
                               "  db-migrate: {image: pgusher}\n"
                               "  second-migrate: {image: pgusher}\n"
                               "  bot: {environment: {PGHOST: db}, depends_on: {db-migrate: {condition: "
                               "service_completed_successfully}}}\n";
    assert_string_equal(findings(text, (struct stack_options){ 0 }), "");
    assert_string_equal(findings(text, (struct stack_options){ .migrate_service = "second-migrate" }),
                        "does-not-wait bot 5:36\n");
}

static void assert_refuses(const char *text, struct stack_options options, const char *what, size_t offset)
{
    assert_false(judge(text, options));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, what);
    assert_string_equal(fault.source, "x.yml");
    assert_int_equal(fault.offset_bytes, offset);
}

static void test_findings__what_is_no_compose_file_is_refused(void **state)
{
    (void) state;
    static const struct stack_options none = { 0 };
    assert_refuses("db:\n  image: postgres\n", none, "no mapping named services", 0);
    assert_refuses("", none, "no mapping named services", 0);
    assert_refuses("# x\nservices: [db]\n", none, "no mapping named services", 4);
    assert_refuses("services: {db: {}\n", none, "the file is no YAML", 18);
    assert_refuses("services:\n  \xFF: {}\n", none, "not valid UTF-8", 12);
    assert_refuses("services: {db: {}}\n", (struct stack_options){ .migrate_service = "dn" }, "there is no service \"dn\"",
                   0);
    assert_refuses("services: {db: {}}\n", (struct stack_options){ .database_service = "x" }, "there is no service \"x\"",
                   0);
    assert_refuses("# x\ninclude: [x]\n", (struct stack_options){ .migrate_service = "x" }, "there is no service \"x\"", 4);
}

static void test_findings__as_json_they_are_complete(void **state)
{
    (void) state;
    struct buf json;
    buf_init(&json, MOST_BYTES);
    findings("services:\n  db-migrate:\n    image: pgusher\n    restart: always\ninclude: [x]\n",
             (struct stack_options){ 0 });
    findings_json_add(&json, &review, 2);
    assert_string_equal(
        buf_text(&json),
        "{\n"
        "  \"file\":\"x.yml\",\"fixed\":2,\n"
        "  \"findings\":[\n"
        "    {\"rule\":\"would-restart\",\"service\":\"db-migrate\",\"line\":4,\"column\":5,\"message\":\"db-migrate "
        "migrates and would "
        "be started again (restart: always)\",\"advice\":\"say restart: \\\"no\\\", so that it runs once and its exit code "
        "stands\",\"fixable\":true,\"edits\":[{\"offset\":56,\"size\":6,\"text\":\"\\\"no\\\"\"}]}\n"
        "  ],\n"
        "  \"notes\":[\n"
        "    {\"line\":5,\"column\":1,\"message\":\"included files are not looked at\"}\n"
        "  ]\n"
        "}\n");
    buf_finish(&json);
}

static void test_findings__nothing_as_json_is_empty_lists(void **state)
{
    (void) state;
    struct buf json;
    buf_init(&json, MOST_BYTES);
    findings("services: {}\n", (struct stack_options){ 0 });
    findings_json_add(&json, &review, 0);
    assert_string_equal(buf_text(&json), "{\n  \"file\":\"x.yml\",\"fixed\":0,\n  \"findings\":[],\n  \"notes\":[]\n}\n");
    buf_finish(&json);
}

/* What is shown comes from the file, and the file may be anybody's. */
static void test_findings__nothing_steers_the_terminal(void **state)
{
    (void) state;
    struct buf text;
    buf_init(&text, MOST_BYTES);
    findings("services:\n  \"x\\e[31m-migrate\": {image: pgusher, restart: always} # \x1b[31m\n",
             (struct stack_options){ 0 });
    findings_text_add(&text, &review, 0, false);
    assert_contains(buf_text(&text), "would-restart");
    assert_lacks(buf_text(&text), "\x1b");
    buf_finish(&text);
}

static const char small[] = "x: &x {restart: always}\n"
                            "services:\n"
                            "  db: {image: postgres, healthcheck: {test: pg_isready}}\n"
                            "  db-migrate: {<<: *x, image: pgusher}\n"
                            "  bot:\n"
                            "    environment: [PGHOST=db]\n"
                            "    depends_on: [db]\n";

static bool review_once(void *argument, struct fault *own_fault)
{
    const struct stack_options options = { .migrate_service = "db-migrate" };
    struct arena own;
    struct review judged;
    struct buf text;
    arena_init(&own);
    buf_init(&text, MOST_BYTES);
    bool ok = check_review(&judged, &own, argument, &options, own_fault);
    if (ok) {
        findings_text_add(&text, &judged, 0, false);
        findings_json_add(&text, &judged, 0);
        ok = buf_ok(&text) || fault_out_of_memory(own_fault);
    }
    buf_finish(&text);
    arena_finish(&own);
    return ok;
}

static bool fix_once(void *argument, struct fault *own_fault)
{
    const struct stack_options options = { 0 };
    struct buf text;
    size_t done;
    buf_init(&text, MOST_BYTES);
    bool ok = check_fix(&text, &done, argument, &options, own_fault);
    buf_finish(&text);
    return ok;
}

static void test_findings__starve_cleanly(void **state)
{
    (void) state;
    struct source source = { .name = "x.yml", .bytes = small, .size = strlen(small) };
    starve(review_once, &source);
    starve(fix_once, &source);
}

#define IN_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(test_findings__what_cannot_be_recognised_can_be_told),
        IN_ARENA(test_findings__only_the_told_service_migrates),
        IN_ARENA(test_findings__what_is_no_compose_file_is_refused),
        IN_ARENA(test_findings__as_json_they_are_complete),
        IN_ARENA(test_findings__nothing_as_json_is_empty_lists),
        IN_ARENA(test_findings__nothing_steers_the_terminal),
        IN_ARENA(test_findings__starve_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
