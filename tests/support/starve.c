/*
 * The loop around memory_fail_at(). It knows what a starved run must look like and nothing of what the act does.
 */
#include "support/starve.h"

#include "base/memory.h"
#include "support/must.h"
#include "support/testing.h"

static bool run_once(starved_act *act, void *argument, long nth, struct fault *fault)
{
    fault_clear(fault);
    memory_fail_at(nth);
    bool done = act(argument, fault);
    return done;
}

long starve(starved_act *act, void *argument)
{
    struct fault fault;
    for (long nth = 1;; nth++) {
        bool done = run_once(act, argument, nth, &fault);
        long asked = memory_count();
        memory_fail_at(0);
        if (asked < nth) {
            must(done, "with memory enough it failed: %s", fault.what);
            must(nth > 1, "it allocates nothing: there is nothing to starve");
            return nth - 1;
        }
        must(!done, "allocation %ld failed and nobody noticed", nth);
        must(fault.class == FAULT_INTERNAL, "allocation %ld failed and the fault has class %d: %s", nth, (int) fault.class,
             fault.what);
        assert_string_equal(fault.what, "out of memory");
    }
}
