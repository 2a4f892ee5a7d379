/* One copy of the template's service, and the lists that a copy adds to. */
#ifndef PGUSHER_COMPOSE_BOT_COPY_H
#define PGUSHER_COMPOSE_BOT_COPY_H

#include "compose/bots.h"
#include "compose/edit.h"
#include "compose/stack.h"

/*
 * The edits that make the service of the stack that of one bot, sorted. False with FAULT_CONFIG and a place in the template: it says
 * what cannot be copied.
 */
bool bot_copy(struct edits *edits, const struct stack *stack, const struct service *service, const struct bot *bot,
              const char *migration, struct fault *fault);

/* Whether the bytes from begin up to end say ${BOT_NAME} or ${BOT_PORT}, which is another text in each copy. */
bool text_is_each_bots(const struct source *source, size_t begin, size_t end);

/*
 * Edits that add a text to a key's list, in quotes, or give the mapping that key; a single text becomes a list. False: the key is there
 * and neither a text nor a list that is written where it is.
 */
bool list_add(struct edits *edits, const struct source *source, const struct yaml_node *mapping, const char *key,
              const char *const *items, size_t count);

#endif
