/* The tree and its places. */
#include "compose/yaml.h"
#include "support/fixture.h"
#include "support/must.h"
#include "support/starve.h"

static struct source source_of(const char *text)
{
    return (struct source){ .name = "x.yml", .bytes = text, .size = strlen(text) };
}

static const struct yaml_node *read_tree(const char *text)
{
    struct fault fault;
    const struct yaml_node *root;
    struct source source = source_of(text);
    must(yaml_read(&root, &arena, &source, &fault), "%s", fault.what);
    return root;
}

static void assert_bytes(const char *text, const struct yaml_node *node, const char *expected)
{
    assert_non_null(node);
    assert_string_equal(must_format("%.*s", (int) (node->end - node->begin), text + node->begin), expected);
}

static void test_yaml__each_node_knows_its_bytes(void **state)
{
    (void) state;
    static const char text[] = "# h\xC3\xA9\n"
                               "plain: a b   # why\n"
                               "'single': 'it''s'\n"
                               "\"double\": \"a\\tb\"\n"
                               "folded: >-\n"
                               "  one\n"
                               "  two\n"
                               "\n"
                               "flow: {a: [x, \"y\"], b}\n"
                               "list:\n"
                               "- p\n"
                               "-   q # last\n";
    const struct yaml_node *root = read_tree(text);
    assert_bytes(text, yaml_own(root, "plain"), "a b");
    assert_bytes(text, yaml_own(root, "single"), "'it''s'");
    assert_bytes(text, yaml_own(root, "single")->key, "'single'");
    assert_string_equal(yaml_text(yaml_own(root, "single")), "it's");
    assert_bytes(text, yaml_own(root, "double"), "\"a\\tb\"");
    assert_bytes(text, yaml_own(root, "folded"), "  one\n  two");
    assert_string_equal(yaml_text(yaml_own(root, "folded")), "one two");
    assert_bytes(text, yaml_own(root, "flow"), "{a: [x, \"y\"], b}");
    assert_true(yaml_own(root, "flow")->flow);
    assert_bytes(text, yaml_find(yaml_own(root, "flow"), "a"), "[x, \"y\"]");
    assert_int_equal(yaml_find(yaml_own(root, "flow"), "b")->kind, YAML_NULL);
    assert_bytes(text, yaml_own(root, "list"), "- p\n-   q");
    assert_bytes(text, yaml_own(root, "list")->first->next, "q");
}

static void test_yaml__carriage_returns_and_a_byte_order_mark_move_no_place(void **state)
{
    (void) state;
    static const char text[] = "\xEF\xBB\xBF"
                               "a: b\r\nc:\r\n  d: \"e\"\r\n";
    const struct yaml_node *root = read_tree(text);
    assert_bytes(text, yaml_own(root, "a"), "b");
    assert_bytes(text, yaml_own(root, "c"), "d: \"e\"");
}

static void test_yaml__nothing_said_is_null(void **state)
{
    (void) state;
    const struct yaml_node *root = read_tree("a:\nb: ~\nc: null\nd: ''\n");
    assert_int_equal(yaml_own(root, "a")->kind, YAML_NULL);
    assert_int_equal(yaml_own(root, "b")->kind, YAML_NULL);
    assert_int_equal(yaml_own(root, "c")->kind, YAML_NULL);
    assert_int_equal(yaml_own(root, "d")->kind, YAML_SCALAR);
    assert_null(yaml_own(root, "e"));
    assert_null(read_tree(""));
    assert_null(read_tree("# only this\n"));
}

static void test_yaml__an_alias_is_what_it_stands_for(void **state)
{
    (void) state;
    const struct yaml_node *root = read_tree("a: &x [1]\nb: *x\nc: &x 2\nd: *x\n");
    assert_int_equal(yaml_own(root, "b")->kind, YAML_ALIAS);
    assert_ptr_equal(yaml_find(root, "b"), yaml_own(root, "a"));
    assert_string_equal(yaml_text(yaml_find(root, "d")), "2");
    assert_string_equal(yaml_own(root, "a")->anchor, "x");
}

static void test_yaml__merged_keys_are_found_behind_the_own_ones(void **state)
{
    (void) state;
    const struct yaml_node *root = read_tree("a: &a {k: 1, l: 1}\nb: &b {<<: *a, l: 2}\nc: {<<: [*b, {k: 3, m: 3}]}\n");
    const struct yaml_node *c = yaml_own(root, "c");
    assert_string_equal(yaml_text(yaml_find(c, "k")), "1");
    assert_string_equal(yaml_text(yaml_find(c, "l")), "2");
    assert_string_equal(yaml_text(yaml_find(c, "m")), "3");
    assert_null(yaml_own(c, "k"));
    assert_null(yaml_find(c, "n"));
}

/* Each line doubles what a naive walk would visit. */
static void test_yaml__merges_of_merges_end(void **state)
{
    (void) state;
    struct bytes text = { 0 };
    bytes_add_format(&text, "m0: &m0 {a: b}\n");
    for (int i = 1; i < 60; i++)
        bytes_add_format(&text, "m%d: &m%d {<<: [*m%d, *m%d]}\n", i, i, i - 1, i - 1);
    assert_null(yaml_find(yaml_own(read_tree(text.at), "m59"), "no such key"));
    bytes_finish(&text);
}

static void assert_refuses(const char *text, const char *what, size_t offset)
{
    struct fault fault;
    const struct yaml_node *root;
    struct source source = source_of(text);
    fault_clear(&fault);
    assert_false(yaml_read(&root, &arena, &source, &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    assert_contains(fault.what, what);
    assert_true(fault.has_offset);
    assert_int_equal(fault.offset_bytes, offset);
}

static void test_yaml__what_is_no_yaml_is_refused_with_its_place(void **state)
{
    (void) state;
    assert_refuses("a: [b\nc: d\n", "without a closing bracket", 11);
    assert_refuses("a: *nobody\n", "no anchor &nobody stands before this alias", 3);
    assert_refuses("a: &x [1, *x]\n", "no anchor &x stands before this alias", 10);
}

static void test_yaml__nesting_has_an_end(void **state)
{
    (void) state;
    struct bytes text = { 0 };
    for (int i = 0; i < 100; i++)
        bytes_add_format(&text, "[");
    assert_refuses(text.at, "nested too deeply", 64);
    bytes_finish(&text);
}

static void test_yaml__sameness_is_of_meaning(void **state)
{
    (void) state;
    const struct yaml_node *one = read_tree("a: b # c\nd: [e, 'f']\n");
    assert_true(yaml_same(one, read_tree("{ a: \"b\", d: [ e, f ] }")));
    assert_false(yaml_same(one, read_tree("a: b\nd: [e]\n")));
    assert_false(yaml_same(one, read_tree("a: b\nd: [e, f, g]\n")));
    assert_false(yaml_same(one, read_tree("a: b\nx: [e, f]\n")));
    assert_false(yaml_same(one, NULL));
}

static bool read_once(void *argument, struct fault *fault)
{
    const struct yaml_node *root;
    struct arena own;
    arena_init(&own);
    bool ok = yaml_read(&root, &own, argument, fault);
    arena_finish(&own);
    return ok;
}

static void test_yaml__starves_cleanly(void **state)
{
    (void) state;
    struct source source = source_of("a: &x [1, {b: 'c'}]\nd: *x\n");
    starve(read_once, &source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(test_yaml__each_node_knows_its_bytes),
        IN_ARENA(test_yaml__carriage_returns_and_a_byte_order_mark_move_no_place),
        IN_ARENA(test_yaml__nothing_said_is_null),
        IN_ARENA(test_yaml__an_alias_is_what_it_stands_for),
        IN_ARENA(test_yaml__merged_keys_are_found_behind_the_own_ones),
        IN_ARENA(test_yaml__merges_of_merges_end),
        IN_ARENA(test_yaml__what_is_no_yaml_is_refused_with_its_place),
        IN_ARENA(test_yaml__nesting_has_an_end),
        IN_ARENA(test_yaml__sameness_is_of_meaning),
        IN_ARENA(test_yaml__starves_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
