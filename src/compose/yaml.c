/*
 * libfyaml's events made into a tree. The only file that knows libfyaml; it knows YAML and nothing of Compose.
 */
#include "compose/yaml.h"

#include <libfyaml.h>
#include <string.h>

enum { MOST_LEVELS = 64 };

struct builder {
    struct arena *arena;
    const struct source *source;
    struct fy_parser *parser;
    struct anchor *anchors;
    size_t end; /* of what was read last: where an unwritten null would be */
    struct fault *fault;
};

struct anchor {
    const struct yaml_node *node;
    struct anchor *older;
};

/* --- nodes ------------------------------------------------------------------------------------------------------------ */

static bool token_text(struct builder *builder, struct fy_token *token, const char **text)
{
    size_t size = 0;
    const char *bytes = token != NULL ? fy_token_get_text(token, &size) : NULL;
    *text = NULL;
    if (bytes == NULL)
        return true;
    *text = arena_copy(builder->arena, bytes, size);
    return *text != NULL || fault_out_of_memory(builder->fault);
}

static size_t within(const struct builder *builder, size_t offset)
{
    return offset < builder->source->size ? offset : builder->source->size;
}

static void place(struct builder *builder, struct yaml_node *node, struct fy_event *event)
{
    const struct fy_mark *begin = fy_event_start_mark(event);
    const struct fy_mark *end = fy_event_end_mark(event);
    node->begin = begin != NULL ? within(builder, begin->input_pos) : builder->end;
    node->end = end != NULL ? within(builder, end->input_pos) : node->begin;
    if (node->end < node->begin)
        node->end = node->begin;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The library's marks leave out the quotes, and take in the white space behind a block scalar. */
static void mend_scalar_place(const struct builder *builder, struct yaml_node *node, enum fy_scalar_style style)
{
    const char *bytes = builder->source->bytes;
    node->quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    node->block = style == FYSS_LITERAL || style == FYSS_FOLDED;
    char quote = style == FYSS_SINGLE_QUOTED ? '\'' : '"';
    if (node->quoted && node->begin > 0 && bytes[node->begin - 1] == quote)
        node->begin--;
    if (node->quoted && node->end < builder->source->size && bytes[node->end] == quote)
        node->end++;
    while (node->block && node->end > 0 && is_space(bytes[node->end - 1]))
        node->end--;
    if (node->begin > node->end)
        node->begin = node->end;
}

static bool says_null(const struct yaml_node *node)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL" };
    for (size_t i = 0; !node->quoted && !node->block && i < sizeof words / sizeof words[0]; i++)
        if (strcmp(node->text, words[i]) == 0)
            return true;
    return false;
}

static bool fill_scalar(struct builder *builder, struct yaml_node *node, struct fy_event *event)
{
    struct fy_token *value = event->scalar.value;
    if (!token_text(builder, value, &node->text) || !token_text(builder, event->scalar.anchor, &node->anchor))
        return false;
    node->kind = YAML_SCALAR;
    if (node->text != NULL)
        mend_scalar_place(builder, node, fy_token_scalar_style(value));
    if (node->text == NULL || says_null(node))
        node->kind = YAML_NULL;
    return true;
}

static bool remember_anchor(struct builder *builder, const struct yaml_node *node)
{
    if (node->anchor == NULL)
        return true;
    struct anchor *anchor = arena_alloc(builder->arena, sizeof *anchor);
    if (anchor == NULL)
        return fault_out_of_memory(builder->fault);
    *anchor = (struct anchor){ .node = node, .older = builder->anchors };
    builder->anchors = anchor;
    return true;
}

static bool refuse(const struct builder *builder, size_t offset, const char *what)
{
    fault_set(builder->fault, FAULT_CONFIG, "%s", what);
    fault_place(builder->fault, builder->source->name, offset);
    return false;
}

/* An anchor is known only once its node is complete: a node that holds an alias of itself is refused here. */
static bool fill_alias(struct builder *builder, struct yaml_node *node, struct fy_event *event)
{
    node->kind = YAML_ALIAS;
    if (!token_text(builder, event->alias.anchor, &node->text))
        return false;
    if (node->begin > 0 && builder->source->bytes[node->begin - 1] == '*')
        node->begin--;
    for (const struct anchor *anchor = builder->anchors; anchor != NULL && node->text != NULL; anchor = anchor->older)
        if (strcmp(anchor->node->anchor, node->text) == 0) {
            node->target = anchor->node;
            return true;
        }
    fault_set(builder->fault, FAULT_CONFIG, "no anchor &%s stands before this alias", node->text != NULL ? node->text : "");
    fault_place(builder->fault, builder->source->name, node->begin);
    return false;
}

/* --- events to a tree ------------------------------------------------------------------------------------------------- */

static bool build(struct builder *builder, struct yaml_node **built, struct fy_event *event, int levels);

static void use_block_end(struct yaml_node *node, const struct yaml_node *last)
{
    if (node->flow)
        return;
    node->end = last != NULL ? last->end : node->begin;
    const struct yaml_node *first = node->first != NULL && node->first->key != NULL ? node->first->key : node->first;
    if (first != NULL && first->begin < node->begin)
        node->begin = first->begin;
}

static bool offset_of_error(const struct fy_diag_error *error, const struct source *source, size_t *offset)
{
    size_t line_start = source_begin(source);
    if (error->line < 1 || error->column < 1)
        return false;
    for (int line = 1; line < error->line; line++) {
        const char *end = memchr(source->bytes + line_start, '\n', source->size - line_start);
        if (end == NULL)
            break;
        line_start = (size_t) (end - source->bytes) + 1;
    }
    *offset = source_forward(source, line_start, (size_t) error->column - 1);
    return true;
}

static bool refuse_text(const struct builder *builder)
{
    void *previous = NULL;
    size_t offset = builder->end;
    struct fy_diag *diag = fy_parser_get_diag(builder->parser);
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &previous);
    char what[FAULT_LINE_BYTES] = "the file is no YAML";
    if (error != NULL && offset_of_error(error, builder->source, &offset) && error->msg != NULL) {
        strcpy(what, "the file is no YAML: ");
        text_cut(what + strlen(what), sizeof what - strlen(what), error->msg);
    }
    fy_diag_unref(diag);
    return refuse(builder, offset, what);
}

/* The next child, key and all; *done when the closing event came instead. */
static bool build_child(struct builder *builder, struct yaml_node *node, struct yaml_node **child, bool *done, int levels)
{
    struct yaml_node *key = NULL;
    *done = false;
    for (;;) {
        struct fy_event *event = fy_parser_parse(builder->parser);
        if (event == NULL)
            return refuse_text(builder);
        bool wants_key = node->kind == YAML_MAPPING && key == NULL;
        *done = event->type == FYET_MAPPING_END || event->type == FYET_SEQUENCE_END;
        const struct fy_mark *end = fy_event_end_mark(event);
        if (*done && node->flow && end != NULL)
            node->end = within(builder, end->input_pos);
        bool ok = *done || build(builder, wants_key ? &key : child, event, levels);
        fy_parser_event_free(builder->parser, event);
        if (!ok || *done)
            return ok;
        if (!wants_key) {
            (*child)->key = key;
            return true;
        }
    }
}

static bool build_children(struct builder *builder, struct yaml_node *node, int levels)
{
    struct yaml_node **tail = &node->first;
    struct yaml_node *last = NULL;
    for (;;) {
        bool done;
        if (!build_child(builder, node, tail, &done, levels))
            return false;
        if (done)
            break;
        last = *tail;
        tail = &last->next;
    }
    use_block_end(node, last);
    return true;
}

static bool begin_collection(struct builder *builder, struct yaml_node *node, struct fy_event *event)
{
    bool is_mapping = event->type == FYET_MAPPING_START;
    struct fy_token *open = is_mapping ? event->mapping_start.mapping_start : event->sequence_start.sequence_start;
    node->kind = is_mapping ? YAML_MAPPING : YAML_SEQUENCE;
    char bracket = node->begin < builder->source->size ? builder->source->bytes[node->begin] : 0;
    node->flow = open != NULL && bracket == (is_mapping ? '{' : '[') && node->end > node->begin;
    return token_text(builder, is_mapping ? event->mapping_start.anchor : event->sequence_start.anchor, &node->anchor);
}

static bool build_collection(struct builder *builder, struct yaml_node *node, struct fy_event *event, int levels)
{
    if (levels == MOST_LEVELS)
        return refuse(builder, node->begin, "the file is nested too deeply");
    return begin_collection(builder, node, event) && build_children(builder, node, levels + 1);
}

static bool build(struct builder *builder, struct yaml_node **built, struct fy_event *event, int levels)
{
    struct yaml_node *node = arena_alloc(builder->arena, sizeof *node);
    if (node == NULL)
        return fault_out_of_memory(builder->fault);
    *built = node;
    place(builder, node, event);
    bool ok;
    switch (event->type) {
    case FYET_SCALAR:
        ok = fill_scalar(builder, node, event);
        break;
    case FYET_ALIAS:
        ok = fill_alias(builder, node, event);
        break;
    case FYET_MAPPING_START:
    case FYET_SEQUENCE_START:
        ok = build_collection(builder, node, event, levels);
        break;
    default:
        ok = refuse_text(builder);
        break;
    }
    builder->end = node->end > builder->end ? node->end : builder->end;
    return ok && remember_anchor(builder, node);
}

/* The stream's and the document's own events hold nothing; a second document is not looked at. */
static bool build_first_document(struct builder *builder, struct yaml_node **root)
{
    for (;;) {
        struct fy_event *event = fy_parser_parse(builder->parser);
        if (event == NULL)
            return fy_parser_get_stream_error(builder->parser) ? refuse_text(builder) : true;
        bool is_frame = event->type == FYET_STREAM_START || event->type == FYET_DOCUMENT_START;
        bool is_end = event->type == FYET_STREAM_END || event->type == FYET_DOCUMENT_END;
        bool ok = is_frame || is_end || build(builder, root, event, 0);
        fy_parser_event_free(builder->parser, event);
        if (!is_frame)
            return ok;
    }
}

bool yaml_read(const struct yaml_node **root, struct arena *arena, const struct source *source, struct fault *fault)
{
    struct yaml_node *first = NULL;
    *root = NULL;
    struct fy_diag_cfg quiet;
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&quiet);
    if (diag == NULL)
        return fault_out_of_memory(fault);
    fy_diag_set_collect_errors(diag, true);
    /* as Compose's own parsers, it lets a closing bracket stand below the key */
    const struct fy_parse_cfg how = {
        .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_SLOPPY_FLOW_INDENTATION, .diag = diag
    };
    struct builder builder = { .arena = arena, .source = source, .fault = fault, .parser = fy_parser_create(&how) };
    bool ok = builder.parser != NULL && fy_parser_set_string(builder.parser, source->bytes, source->size) == 0;
    ok = ok ? build_first_document(&builder, &first) : fault_out_of_memory(fault);
    if (builder.parser != NULL)
        fy_parser_destroy(builder.parser);
    fy_diag_destroy(diag); /* with what it has collected; fy_diag_unref() would leak that */
    *root = ok ? first : NULL;
    return ok;
}
