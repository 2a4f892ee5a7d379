/*
 * The template with its one service bot replaced by one for each bot. What is not the bot's stays as it is written, comments and
 * all.
 */
#include "compose/generate.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bot_copy.h"
#include "compose/files.h"
#include "insert.h"

static const char bot_name[] = "bot";
static const char migration_name[] = "db-migrate";

struct making {
    struct arena *arena;
    struct stack stack; /* of the template */
    const struct service *bot;
    const struct service *migration; /* NULL: it is made here */
    struct bots bots;
};

static bool refuse(const struct making *making, size_t offset, struct fault *fault, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static bool refuse(const struct making *making, size_t offset, struct fault *fault, const char *format, ...)
{
    char what[FAULT_LINE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    fault_set(fault, FAULT_CONFIG, "%s", what);
    fault_place(fault, making->stack.source->name, offset);
    return false;
}

/* --- the template ----------------------------------------------------------------------------------------------------- */

static bool check_bot(const struct making *making, struct fault *fault)
{
    const struct service *bot = making->bot;
    const struct source *source = making->stack.source;
    if (bot == NULL)
        return refuse(making, stack_place(&making->stack), fault, "the template has no service named %s", bot_name);
    const struct yaml_node *key = bot->value->key;
    const struct yaml_node *body = bot->body;
    if (body == NULL || body != bot->value || body->flow || line_indent(source, key->begin) == SIZE_MAX ||
        line_indent(source, body->first->key->begin) == SIZE_MAX)
        return refuse(making, key->begin, fault, "the service %s must be written on lines of its own", bot_name);
    const struct yaml_node *name = yaml_own(bot->body, "container_name");
    if (making->bots.count > 1 && yaml_text(name) != NULL && strstr(yaml_text(name), "BOT_NAME") == NULL)
        return refuse(making, name->begin, fault, "every bot would have this container_name: write ${BOT_NAME} in it");
    return true;
}

static bool is_taken(const struct making *making, const struct service *service)
{
    size_t size = strlen(service->name);
    for (size_t i = 0; i < making->bots.count; i++) {
        const char *name = making->bots.list[i].name;
        if (size == strlen(name) + strlen("-bot") && strncmp(service->name, name, strlen(name)) == 0 &&
            strcmp(service->name + strlen(name), "-bot") == 0)
            return true;
    }
    return false;
}

static bool check_others(const struct making *making, struct fault *fault)
{
    for (size_t i = 0; i < making->stack.count; i++) {
        const struct service *service = &making->stack.services[i];
        if (is_taken(making, service))
            return refuse(making, service->value->key->begin, fault, "the template has a service %s already", service->name);
        for (size_t j = 0; j < service->dependency_count; j++)
            if (strcmp(service->dependencies[j].name, bot_name) == 0)
                return refuse(making, service->value->key->begin, fault,
                              "%s depends on bot, which is only there to be copied", service->name);
    }
    return true;
}

static bool read_template(struct making *making, const char *path, struct source *template, struct source *blamed,
                          struct fault *fault)
{
    static const struct stack_options options = { .reads_env_files = false };
    if (!file_read(template, making->arena, path, fault) || !bots_read(&making->bots, making->arena, path, blamed, fault))
        return false;
    *blamed = *template;
    if (!stack_read(&making->stack, making->arena, template, &options, fault))
        return false;
    making->bot = stack_service(&making->stack, bot_name);
    making->migration = stack_service(&making->stack, migration_name);
    if (making->migration == NULL)
        making->migration = stack_first(&making->stack, ROLE_MIGRATION);
    return check_bot(making, fault) && check_others(making, fault);
}

/* --- what is written -------------------------------------------------------------------------------------------------- */

static void add_header(struct buf *output, const struct making *making)
{
    const char *feed = line_feed(making->stack.source);
    const char *path = making->stack.source->name;
    const char *slash = strrchr(path, '/');
    buf_add_format(output, "# Written by `pgusher compose generate` from %s and %zu file%s .env.NAME beside it.%s",
                   slash != NULL ? slash + 1 : path, making->bots.count, making->bots.count == 1 ? "" : "s", feed);
    buf_add_format(output, "# Change those and generate it anew: what is changed here is lost.%s", feed);
}

static void add_line_as_it_is(struct buf *output, const struct source *source, size_t begin, size_t end)
{
    buf_add(output, source->bytes + begin, end - begin);
    buf_add_text(output, line_feed(source));
}

/* What of the bot concerns the database's side of it as well. */
static bool is_for_migration(const char *key)
{
    static const char *const keys[] = { "<<",          "image",    "build",     "pull_policy", "platform",
                                        "environment", "env_file", "secrets",   "configs",     "extra_hosts",
                                        "networks",    "dns",      "depends_on" };
    for (size_t i = 0; key != NULL && i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

static bool is_each_bots(const struct source *source, const struct yaml_node *node)
{
    return text_is_each_bots(source, node->key != NULL ? node->key->begin : node->begin, node->end);
}

static void add_flow_items(struct buf *output, const struct source *source, const struct yaml_node *list)
{
    bool is_first = true;
    size_t begin = line_begin(source, list->key->begin);
    buf_add(output, source->bytes + begin, list->begin - begin);
    buf_add_text(output, list->kind == YAML_MAPPING ? "{ " : "[");
    for (const struct yaml_node *item = list->first; item != NULL; item = item->next) {
        size_t item_begin = item->key != NULL ? item->key->begin : item->begin;
        if (is_each_bots(source, item))
            continue;
        buf_add_text(output, is_first ? "" : ", ");
        buf_add(output, source->bytes + item_begin, item->end - item_begin);
        is_first = false;
    }
    buf_add_text(output, list->kind == YAML_MAPPING ? " }" : "]");
    buf_add_text(output, line_feed(source));
}

static void add_block_items(struct buf *output, const struct source *source, const struct yaml_node *list)
{
    add_line_as_it_is(output, source, line_begin(source, list->key->begin), line_end(source, list->key->begin));
    for (const struct yaml_node *item = list->first; item != NULL; item = item->next)
        if (!is_each_bots(source, item))
            add_line_as_it_is(output, source, line_begin(source, item->key != NULL ? item->key->begin : item->begin),
                              line_end(source, item->end));
}

/* What is another text in each copy has none in the migration, which is there once: it is left out, an item where there are items. */
static void add_shared_items(struct buf *output, const struct source *source, const struct yaml_node *value)
{
    const struct yaml_node *shared = value->first;
    while (shared != NULL && is_each_bots(source, shared))
        shared = shared->next;
    if (shared != NULL && value->flow)
        add_flow_items(output, source, value);
    else if (shared != NULL)
        add_block_items(output, source, value);
}

static bool add_for_migration(struct buf *output, const struct making *making, const struct yaml_node *value,
                              struct fault *fault)
{
    const struct source *source = making->stack.source;
    const char *key = yaml_text(value->key);
    if (!is_for_migration(key))
        return true;
    if (!is_each_bots(source, value))
        add_line_as_it_is(output, source, line_begin(source, value->key->begin), line_end(source, value->end));
    else if (strcmp(key, "image") == 0 || strcmp(key, "build") == 0)
        return refuse(making, value->begin, fault,
                      "each bot has an image of its own here, and which of them migrates is not said: write a service "
                      "db-migrate into the template");
    else
        add_shared_items(output, source, value);
    return true;
}

/* The bot's own image, which has the migrations in it and, beside the application, pgusher. */
static bool add_migration(struct buf *output, const struct making *making, struct fault *fault)
{
    const struct source *source = making->stack.source;
    const struct yaml_node *body = making->bot->body;
    size_t outer = line_indent(source, making->bot->value->key->begin);
    size_t inner = line_indent(source, body->first->key->begin);
    const char *feed = line_feed(source);
    buf_add_format(output, "%*s%s:%s", (int) outer, "", migration_name, feed);
    for (const struct yaml_node *value = body->first; value != NULL; value = value->next)
        if (!add_for_migration(output, making, value, fault))
            return false;
    buf_add_format(output, "%*scommand: [\"pgusher\", \"up\"]%s", (int) inner, "", feed);
    buf_add_format(output, "%*srestart: \"no\"%s%s", (int) inner, "", feed, feed);
    return true;
}

static bool add_copies(struct buf *output, const struct making *making, size_t begin, size_t end, struct fault *fault)
{
    const struct source *source = making->stack.source;
    const char *migration = making->migration != NULL ? making->migration->name : migration_name;
    for (size_t i = 0; i < making->bots.count; i++) {
        struct edits edits;
        edits_init(&edits, making->arena);
        if (!bot_copy(&edits, &making->stack, making->bot, &making->bots.list[i], migration, fault))
            return false;
        buf_add_text(output, i > 0 ? line_feed(source) : "");
        edits_apply(output, source, &edits, begin, end);
        buf_add_text(output, line_feed(source));
    }
    return true;
}

static bool add_text(struct buf *output, const struct making *making, struct fault *fault)
{
    const struct source *source = making->stack.source;
    size_t begin = line_begin(source, making->bot->value->key->begin);
    size_t end = line_end(source, making->bot->body->end);
    size_t after = end + (source->bytes[end] == '\r');
    after += after < source->size && source->bytes[after] == '\n';
    buf_add(output, source->bytes, source_begin(source));
    add_header(output, making);
    buf_add(output, source->bytes + source_begin(source), begin - source_begin(source));
    if (making->migration == NULL && !add_migration(output, making, fault))
        return false;
    if (!add_copies(output, making, begin, end, fault))
        return false;
    buf_add(output, source->bytes + after, source->size - after);
    return true;
}

/* --- named volumes ---------------------------------------------------------------------------------------------------- */

/* "data:/data" names a volume; "./data:/data" and "/data" do not. */
static bool names_volume(const struct yaml_node *item)
{
    const char *text = yaml_text(item);
    const char *colon = text != NULL ? strchr(text, ':') : NULL;
    return colon != NULL && colon != text && strchr("./~$", text[0]) == NULL;
}

static void declare(struct buf *lines, const struct stack *stack, const char *volume)
{
    const char *name = arena_copy(stack->arena, volume, strcspn(volume, ":"));
    const char *line = name != NULL ? arena_format(stack->arena, "\n%s:\n", name) : NULL;
    lines->failed = lines->failed || line == NULL;
    if (lines->failed || yaml_own(yaml_own(stack->root, "volumes"), name) != NULL)
        return;
    if (strstr(buf_text(lines), line) == NULL)
        buf_add_text(lines, line + 1);
}

static void find_undeclared(struct buf *lines, const struct making *making, const struct stack *stack)
{
    for (size_t i = 0; i < stack->count; i++) {
        const struct service *service = &stack->services[i];
        const struct yaml_node *volumes = is_taken(making, service) ? service_find(service, "volumes") : NULL;
        for (const struct yaml_node *item = volumes != NULL ? volumes->first : NULL; item != NULL; item = item->next)
            if (names_volume(item))
                declare(lines, stack, yaml_text(item));
    }
}

/* Compose knows only the named volumes that stand in the file's own list. */
static bool declare_volumes(struct buf *output, const struct making *making, const struct stack *stack, struct fault *fault)
{
    struct buf lines;
    struct edits edits;
    const struct source *source = stack->source;
    const struct yaml_node *volumes = yaml_own(stack->root, "volumes");
    buf_init(&lines, output->max);
    edits_init(&edits, making->arena);
    buf_add_char(&lines, '\n'); /* so that each name stands between two */
    find_undeclared(&lines, making, stack);
    const char *names = buf_text(&lines) + 1;
    bool ok = true;
    if (!buf_ok(&lines))
        ok = fault_out_of_memory(fault);
    else if (*names != '\0' && volumes != NULL)
        ok = (volumes->kind == YAML_MAPPING && !volumes->flow &&
              insert_last(&edits, source, volumes, 2, (struct insertion){ .lines = names, .flow = "" })) ||
             refuse(making, 0, fault, "volumes of the template must be a mapping on lines of its own");
    else if (*names != '\0') {
        edits_add_format(&edits, source->size, source->size, "%svolumes:%s", line_feed(source), line_feed(source));
        for (const char *name = names; *name != '\0'; name += strcspn(name, "\n") + 1) {
            const char *line = arena_copy(making->arena, name, strcspn(name, "\n"));
            edits.failed = edits.failed || line == NULL;
            if (!edits.failed)
                edits_add_format(&edits, source->size, source->size, "  %s%s", line, line_feed(source));
        }
    }
    buf_finish(&lines);
    if (ok && edits.failed)
        ok = fault_out_of_memory(fault);
    edits_apply(output, source, &edits, 0, source->size);
    return ok;
}

/* --- the end ---------------------------------------------------------------------------------------------------------- */

/* What was made is read again: it must be what was promised. */
static bool finish(struct buf *output, struct making *making, const struct buf *text, struct fault *fault)
{
    static const struct stack_options options = { .reads_env_files = false };
    struct stack stack;
    struct fault broken;
    fault_clear(&broken);
    const struct source source = { .name = "output", .bytes = buf_text(text), .size = text->size };
    const char *migration = making->migration != NULL ? making->migration->name : migration_name;
    bool ok = stack_read(&stack, making->arena, &source, &options, &broken);
    if (broken.class == FAULT_INTERNAL)
        return fault_out_of_memory(fault);
    const struct service *waited_for = ok ? stack_service(&stack, migration) : NULL;
    ok = waited_for != NULL && !stack_depends(&stack, waited_for, waited_for);
    for (size_t i = 0; ok && i < making->bots.count; i++) {
        const char *name = arena_format(making->arena, "%s-bot", making->bots.list[i].name);
        if (name == NULL)
            return fault_out_of_memory(fault);
        const struct service *copy = stack_service(&stack, name);
        ok = copy != NULL && stack_waits(&stack, copy, waited_for);
    }
    if (!ok)
        return refuse(making, making->bot->value->key->begin, fault,
                      "the service %s is written in a way that cannot be copied", bot_name);
    return declare_volumes(output, making, &stack, fault);
}

bool generate(struct buf *output, struct arena *arena, const char *template_path, struct source *blamed, struct fault *fault)
{
    struct making making = { .arena = arena };
    struct source template;
    struct buf text;
    *blamed = (struct source){ .name = template_path };
    buf_init(&text, output->max);
    bool ok = read_template(&making, template_path, &template, blamed, fault) && add_text(&text, &making, fault);
    if (ok && !buf_ok(&text))
        ok = fault_out_of_memory(fault);
    ok = ok && finish(output, &making, &text, fault);
    buf_finish(&text);
    return ok && (buf_ok(output) || fault_out_of_memory(fault));
}
