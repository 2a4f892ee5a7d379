/*
 * Which hosts were named: lists of names, addresses and ports, as libpq pairs them. Whether a host answers is not asked here.
 */
#include <string.h>

#include "keyword.h"
#include "plan/value.h"
#include "roster_inside.h"
#include "wire/lookup.h"

enum { MOST_HOSTS = 64 };

/* The index-th element of a comma-separated list; "" past its end. */
static char *element(struct arena *arena, const char *list, size_t index)
{
    for (; index > 0 && list != NULL; index--) {
        list = strchr(list, ',');
        list = list != NULL ? list + 1 : NULL;
    }
    return list == NULL ? arena_text(arena, "") : arena_copy(arena, list, strcspn(list, ","));
}

static size_t count_elements(const char *list)
{
    size_t count = 1;
    for (const char *comma = strchr(list, ','); comma != NULL; comma = strchr(comma + 1, ','))
        count++;
    return count;
}

/* In a connection string, and before an '@', it may be a piece of a password. */
static bool check_host(const struct merge *merge, const char *name)
{
    const struct merged_word *word = merge_find(merge, "host");
    bool may_be_shown = !word->in_text && strchr(word->value, '@') == NULL;
    return keyword_host(name, word->origin, may_be_shown, merge->fault);
}

static bool fill_host(struct target_host *host, struct merge *merge, size_t index, size_t port_count)
{
    const char *names = merge_value(merge, "host");
    const char *addresses = merge_value(merge, "hostaddr");
    const char *ports = merge_value(merge, "port");
    const char *name = names != NULL ? element(merge->arena, names, index) : "";
    const char *address = addresses != NULL ? element(merge->arena, addresses, index) : "";
    const char *port = ports != NULL ? element(merge->arena, ports, port_count == 1 ? 0 : index) : "";
    if (name == NULL || address == NULL || port == NULL)
        return fault_out_of_memory(merge->fault);
    host->name = name[0] != '\0' ? name : NULL;
    host->port = port[0] != '\0' ? port : "5432";
    host->is_socket = address[0] == '\0' && (host->name == NULL || name[0] == '/' || name[0] == '@');
    if (address[0] != '\0')
        host->address = address;
    else if (host->name != NULL && address_is_numeric(name))
        host->address = name;
    return host->address != NULL || host->is_socket || check_host(merge, name);
}

/* What stands in a connection string is not shown: it may be a piece of a password. */
static bool check_ports(const struct merge *merge)
{
    const struct merged_word *word = merge_find(merge, "port");
    if (word == NULL || value_ports(word->value, word->origin, merge->fault))
        return true;
    if (word->in_text)
        fault_set(merge->fault, FAULT_CONFIG, "the port in %s is not a number from 1 to 65535", word->origin);
    return false;
}

static bool refuse_ports(const struct merge *merge, size_t port_count, size_t host_count)
{
    fault_set(merge->fault, FAULT_CONFIG, "%zu ports for %zu host%s", port_count, host_count, host_count == 1 ? "" : "s");
    fault_hint(merge->fault, "Give one port for all hosts, or one for each: host=a,b port=5432,5433.");
    return false;
}

bool roster_fill_hosts(struct target *target, struct merge *merge)
{
    const char *names = merge_value(merge, "host");
    const char *addresses = merge_value(merge, "hostaddr");
    const char *ports = merge_value(merge, "port");
    size_t count = names != NULL ? count_elements(names) : addresses != NULL ? count_elements(addresses) : 1;
    size_t port_count = ports != NULL ? count_elements(ports) : 1;
    if (!check_ports(merge))
        return false;
    if (names != NULL && addresses != NULL && count_elements(addresses) != count)
        return fault_set(merge->fault, FAULT_CONFIG, "%zu host names, but %zu host addresses", count,
                         count_elements(addresses));
    if (port_count != 1 && port_count != count)
        return refuse_ports(merge, port_count, count);
    if (count > MOST_HOSTS)
        return fault_set(merge->fault, FAULT_CONFIG, "%zu hosts are more than the %d that are possible", count, MOST_HOSTS);
    target->host_count = count;
    target->hosts = arena_array(merge->arena, count, sizeof *target->hosts);
    if (target->hosts == NULL)
        return fault_out_of_memory(merge->fault);
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = fill_host(&target->hosts[i], merge, i, port_count);
    return ok;
}

/* One of several addresses of a name is known by itself. */
static const char *label_name(const struct target *target, const struct target_host *host)
{
    if (host->address != NULL && (target->is_pinned || host->name == NULL))
        return host->address;
    return host->name != NULL ? host->name : "local";
}

bool roster_fill_label(struct target *target, struct merge *merge)
{
    const char *label = "";
    for (size_t i = 0; label != NULL && i < target->host_count; i++) {
        const struct target_host *host = &target->hosts[i];
        const char *name = label_name(target, host);
        bool bracketed = strchr(name, ':') != NULL;
        label = arena_format(merge->arena, "%s%s%s%s%s:%s", label, i > 0 ? "," : "", bracketed ? "[" : "", name,
                             bracketed ? "]" : "", host->port);
    }
    if (label != NULL && target->database != NULL)
        label = arena_format(merge->arena, "%s/%s", label, target->database);
    target->label = label;
    return label != NULL || fault_out_of_memory(merge->fault);
}
