/* --need: what is understood, and which counts meet it, may still meet it, or never will. */
#include "support/testing.h"

#include <regex.h>

#include "plan/need.h"

static struct need read_need(const char *text)
{
    struct need need;
    struct fault fault;
    if (!need_read(&need, text, "--need", &fault))
        fail_msg("%s: %s", text, fault.what);
    return need;
}

static void test_need__what_is_written_is_understood(void **state)
{
    (void) state;
    assert_int_equal(read_need("all").kind, NEED_ALL);
    assert_int_equal(read_need("any").any, 1);
    assert_int_equal(read_need("any=3").any, 3);
    assert_int_equal(read_need("any>=3").any, 3);
    struct need need = read_need("primary=1,standby>=2");
    assert_int_equal(need.kind, NEED_ROLES);
    assert_int_equal(need.primary.least, 1);
    assert_int_equal(need.primary.most, 1);
    assert_int_equal(need.standby.least, 2);
    assert_true(need.standby.most == NEED_NO_LIMIT);
    need = read_need("standby=0");
    assert_int_equal(need.standby.most, 0);
    assert_int_equal(need.primary.least, 0);
    assert_true(need.primary.most == NEED_NO_LIMIT);
}

static void test_need__what_is_no_need_is_refused_with_what_is(void **state)
{
    static const char *const wrong[] = { "",          "none",       "any=0",      "any=",       "any=x",
                                         "any>3",     "any=3,",     "any=3,all",  "primary",    "primary=",
                                         "primary>1", "primary<=1", "standby==2", "standby=1,", "primary=1,primary=2",
                                         "=1",        "primary=1 ", "master=1",   ",primary=1", "primary=12345678901",
                                         "all,any=1", "primary=-1" };
    (void) state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct need need;
        struct fault fault;
        if (need_read(&need, wrong[i], "--need", &fault))
            fail_msg("\"%s\" was understood", wrong[i]);
        assert_int_equal(fault.class, FAULT_CONFIG);
        assert_contains(fault.what, "--need");
        assert_contains(fault.hint, "primary=1,standby>=2");
    }
}

static void test_need__counts_decide(void **state)
{
    static const struct {
        const char *need;
        struct need_counts counts; /* targets, ready, primaries, standbys, lost, unasked, is_open */
        enum need_verdict verdict;
    } rows[] = {
        { "all", { 3, 3, 0, 0, 0, 0, false }, NEED_MET },
        { "all", { 3, 2, 0, 0, 0, 0, false }, NEED_OPEN },
        { "all", { 3, 2, 0, 0, 1, 0, false }, NEED_IMPOSSIBLE },
        { "all", { 0, 0, 0, 0, 0, 0, true }, NEED_OPEN }, /* no address is known yet */
        { "all", { 3, 2, 0, 0, 1, 0, true }, NEED_IMPOSSIBLE },
        { "any=2", { 3, 2, 0, 0, 1, 0, false }, NEED_MET },
        { "any=2", { 3, 3, 0, 0, 0, 0, false }, NEED_MET },
        { "any=2", { 3, 1, 0, 0, 1, 0, false }, NEED_OPEN },
        { "any=2", { 3, 1, 0, 0, 2, 0, false }, NEED_IMPOSSIBLE },
        { "any=2", { 3, 1, 0, 0, 2, 0, true }, NEED_OPEN }, /* another address may turn up */
        { "any=2", { 3, 0, 0, 0, 3, 0, true }, NEED_IMPOSSIBLE },
        { "primary=1,standby>=2", { 3, 3, 1, 2, 0, 0, false }, NEED_MET },
        { "primary=1,standby>=2", { 4, 4, 1, 3, 0, 0, false }, NEED_MET },
        { "primary=1,standby>=2", { 4, 4, 2, 2, 0, 0, false }, NEED_OPEN }, /* one may be demoted */
        { "primary=1,standby>=2", { 3, 3, 0, 3, 0, 0, false }, NEED_OPEN }, /* one may be promoted */
        { "primary=1,standby>=2", { 3, 2, 1, 1, 1, 0, false }, NEED_IMPOSSIBLE },
        { "primary=1,standby>=2", { 4, 3, 1, 2, 0, 1, false }, NEED_OPEN }, /* the fourth may be a second primary */
        { "primary=1,standby>=2", { 4, 3, 1, 2, 0, 0, false }, NEED_MET },  /* it answered that it is starting up */
        { "primary>=1,standby>=2", { 4, 3, 1, 2, 0, 1, false }, NEED_MET },
        { "standby=0", { 2, 2, 2, 0, 0, 0, false }, NEED_MET },
        { "standby=0", { 2, 2, 1, 1, 0, 0, false }, NEED_OPEN },
    };
    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct need need = read_need(rows[i].need);
        if (need_judge(&need, &rows[i].counts) != rows[i].verdict)
            fail_msg("row %zu (%s): %d", i, rows[i].need, need_judge(&need, &rows[i].counts));
    }
}

static void test_need__more_than_there_is_cannot_be_asked_for(void **state)
{
    struct fault fault;
    struct need need = read_need("any=3");
    (void) state;
    assert_true(need_fits(&need, 3, &fault));
    assert_false(need_fits(&need, 2, &fault));
    assert_int_equal(fault.class, FAULT_CONFIG);
    need = read_need("primary=1,standby>=2");
    assert_true(need_fits(&need, 3, &fault));
    assert_false(need_fits(&need, 2, &fault));
    need = need_all();
    assert_true(need_fits(&need, 1, &fault));
}

static void test_need__progress_is_told_in_the_words_of_the_need(void **state)
{
    const struct need_counts counts = { .targets = 5, .ready = 3, .primaries = 1, .standbys = 2 };
    char text[64];
    struct need need = need_all();
    (void) state;
    need_progress(&need, &counts, text, sizeof text);
    assert_string_equal(text, "3 of 5");
    need = read_need("any=4");
    need_progress(&need, &counts, text, sizeof text);
    assert_string_equal(text, "3 of 4");
    need = read_need("primary=1,standby>=3");
    need_progress(&need, &counts, text, sizeof text);
    assert_string_equal(text, "primary 1 of 1, standby 2 of 3");
}

/* --- the whole grammar ------------------------------------------------------------------------------------------------ */

static regex_t pattern(const char *text)
{
    regex_t regex;
    assert_int_equal(regcomp(&regex, text, REG_EXTENDED | REG_NOSUB), 0);
    return regex;
}

/* The same grammar, said in another way. */
static bool is_need(const char *text)
{
    static regex_t whole, twice;
    static bool made;
    if (!made) {
        whole = pattern("^(all|any|any>?=0*[1-9][0-9]*|(primary|standby)>?=[0-9]+(,(primary|standby)>?=[0-9]+)*)$");
        twice = pattern("primary.*primary|standby.*standby");
        made = true;
    }
    return regexec(&whole, text, 0, NULL, 0) == 0 && regexec(&twice, text, 0, NULL, 0) != 0;
}

/* Every text that so many pieces more can make of it. */
static void try_texts(char *text, size_t size, int pieces, unsigned *understood)
{
    static const char *const parts[] = { "all", "any", "primary", "standby", "=", ">", ",", "0", "2", " " };
    struct need need;
    struct fault fault;
    bool ok = need_read(&need, text, "--need", &fault);
    if (ok != is_need(text))
        fail_msg("\"%s\" is %s", text, ok ? "understood" : "refused");
    *understood += ok;
    for (size_t i = 0; pieces > 0 && i < sizeof parts / sizeof parts[0]; i++) {
        strcpy(text + size, parts[i]);
        try_texts(text, size + strlen(parts[i]), pieces - 1, understood);
        text[size] = '\0';
    }
}

static void test_need__nothing_else_is_understood(void **state)
{
    char text[64] = "";
    unsigned understood = 0;
    (void) state;
    try_texts(text, 0, 5, &understood);
    assert_true(understood > 50);
    const char *const longer[] = { "primary=1,standby>=2", "standby>=2,primary=1", "primary=1,standby=2,primary=3",
                                   "primary=1,standby=2,", "any=3,primary=1" };
    for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
        strcpy(text, longer[i]);
        try_texts(text, strlen(text), 0, &understood);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_need__what_is_written_is_understood),
        cmocka_unit_test(test_need__what_is_no_need_is_refused_with_what_is),
        cmocka_unit_test(test_need__nothing_else_is_understood),
        cmocka_unit_test(test_need__counts_decide),
        cmocka_unit_test(test_need__more_than_there_is_cannot_be_asked_for),
        cmocka_unit_test(test_need__progress_is_told_in_the_words_of_the_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
