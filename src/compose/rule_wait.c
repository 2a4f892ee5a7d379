/*
 * Who starts too early: services that use the database and do not wait for the migration, and a migration that does not wait for
 * a healthy database.
 */
#include <string.h>

#include "check_inside.h"
#include "compose/words.h"

/* The place to show: the dependencies, if the service has some of its own. */
static size_t place_of(const struct service *service)
{
    const struct yaml_node *own = yaml_own(service->body, "depends_on");
    bool is_its_own = own != NULL && service->value == service->body;
    return is_its_own ? own->key->begin : service->value->key->begin;
}

/* --- for the migration ------------------------------------------------------------------------------------------------ */

static bool waits_for_any(const struct review *review, const struct service *service)
{
    for (size_t i = 0; i < review->stack.count; i++) {
        const struct service *migration = &review->stack.services[i];
        if (migration->role == ROLE_MIGRATION && stack_waits(&review->stack, service, migration))
            return true;
    }
    return false;
}

/* One that the service can wait for; if there is none such, the first. */
static const struct service *choose_migration(const struct review *review, const struct service *service)
{
    for (size_t i = 0; i < review->stack.count; i++) {
        const struct service *migration = &review->stack.services[i];
        if (migration->role == ROLE_MIGRATION && !stack_depends(&review->stack, migration, service))
            return migration;
    }
    return stack_first(&review->stack, ROLE_MIGRATION);
}

static bool has_profile(const struct service *service, const char *name)
{
    const struct yaml_node *profiles = service_find(service, "profiles");
    for (const struct yaml_node *item = profiles != NULL ? profiles->first : NULL; item != NULL; item = item->next)
        if (yaml_text(item) != NULL && strcmp(yaml_text(item), name) == 0)
            return true;
    return false;
}

/* Compose refuses to start a service whose dependency is in none of the active profiles. */
static bool is_there_whenever(const struct service *migration, const struct service *service)
{
    const struct yaml_node *profiles = service_find(migration, "profiles");
    const struct yaml_node *own = service_find(service, "profiles");
    if (profiles == NULL || profiles->first == NULL)
        return true;
    if (own == NULL || own->first == NULL)
        return false;
    for (const struct yaml_node *item = own->first; item != NULL; item = item->next)
        if (yaml_text(item) == NULL || !has_profile(migration, yaml_text(item)))
            return false;
    return true;
}

static const char *say_how_it_waits(const struct dependency *dependency)
{
    if (dependency == NULL)
        return "does not wait for";
    if (dependency->condition == CONDITION_COMPLETED)
        return "starts even without (required: false)";
    return dependency->condition == CONDITION_HEALTHY ? "waits only for the health of" : "waits only for the start of";
}

static const char *say_what(const struct review *review, const struct service *service, const struct service *migration)
{
    struct arena *arena = review->stack.arena;
    const char *how = say_how_it_waits(service_dependency(service, migration->name));
    if (service->use_file != NULL)
        return arena_format(arena, "%s uses the database (%s in %s) and %s %s", service->name, service->use,
                            service->use_file, how, migration->name);
    return arena_format(arena, "%s uses the database (%s) and %s %s", service->name, service->use, how, migration->name);
}

bool rule_waits(struct review *review, const struct service *service, struct fault *fault)
{
    if (service->role != ROLE_APPLICATION || service->use == NULL || service->waits_by_itself)
        return true;
    const struct service *migration = choose_migration(review, service);
    if (migration == NULL || waits_for_any(review, service))
        return true;
    struct arena *arena = review->stack.arena;
    const char *advice = arena_format(arena, "let %s depend on %s with condition: service_completed_successfully",
                                      service->name, migration->name);
    bool is_circle = stack_depends(&review->stack, migration, service);
    bool is_absent = !is_there_whenever(migration, service);
    if (is_circle)
        advice = arena_format(arena, "by hand: %s waits for %s, which must not be", migration->name, service->name);
    else if (is_absent)
        advice = arena_format(arena, "by hand: give %s no profiles, or the same as %s, then let %s depend on it",
                              migration->name, service->name, service->name);
    struct finding *finding = review_add(review, FINDING_DOES_NOT_WAIT, service, place_of(service),
                                         say_what(review, service, migration), advice, fault);
    if (finding != NULL && !is_circle && !is_absent)
        depend_on(&finding->edits, &review->stack, service, migration->name, "service_completed_successfully");
    return finding != NULL;
}

/* --- for the database ------------------------------------------------------------------------------------------------- */

static bool has_health_check(const struct service *service)
{
    const struct yaml_node *check = service_find(service, "healthcheck");
    const char *disabled = yaml_text(yaml_find(check, "disable"));
    const struct yaml_node *test = yaml_find(check, "test");
    const char *first = yaml_text(test) != NULL ? yaml_text(test) : yaml_text(test != NULL ? test->first : NULL);
    bool is_off = (disabled != NULL && strcmp(disabled, "true") == 0) || (first != NULL && strcmp(first, "NONE") == 0);
    return test != NULL && !is_off;
}

static bool waits_for_health(const struct stack *stack, const struct service *migration)
{
    for (size_t i = 0; i < migration->dependency_count; i++) {
        const struct dependency *dependency = &migration->dependencies[i];
        const struct service *on = stack_service(stack, dependency->name);
        bool is_server = on != NULL && (on->role == ROLE_DATABASE || on->role == ROLE_POOLER);
        if (dependency->condition == CONDITION_COMPLETED || (is_server && dependency->condition == CONDITION_HEALTHY))
            return true; /* what it waits to be completed may well be the wait */
    }
    return false;
}

static bool waits_in_its_command(const struct service *migration)
{
    return strstr(migration->command, "wait") != NULL || strstr(migration->command, "pg_isready") != NULL ||
           strstr(migration->command, "dockerize") != NULL;
}

bool rule_migrates_too_early(struct review *review, const struct service *service, struct fault *fault)
{
    const struct stack *stack = &review->stack;
    const struct service *database = stack_first(stack, ROLE_DATABASE);
    if (service->role != ROLE_MIGRATION || service->is_pgusher || database == NULL || waits_for_health(stack, service) ||
        waits_in_its_command(service))
        return true;
    bool can_wait = has_health_check(database) && !stack_depends(stack, database, service);
    const char *what = arena_format(stack->arena, "%s does not wait until %s is healthy", service->name, database->name);
    const char *advice =
        can_wait
            ? arena_format(stack->arena, "let %s depend on %s with condition: service_healthy", service->name,
                           database->name)
            : arena_format(stack->arena,
                           "by hand: give %s a health check over TCP (pg_isready -h 127.0.0.1), and let %s depend on it "
                           "with condition: service_healthy",
                           database->name, service->name);
    struct finding *finding =
        review_add(review, FINDING_MIGRATES_TOO_EARLY, service, place_of(service), what, advice, fault);
    if (finding != NULL && can_wait)
        depend_on(&finding->edits, stack, service, database->name, "service_healthy");
    return finding != NULL;
}
