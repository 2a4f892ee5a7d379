/*
 * The one poll callback of the program: stop, step, and whoever stepped starts the watch again. It knows sockets, not what is said
 * over them.
 */
#include "watch.h"

#include "base/memory.h"

void watch_init(struct watch *watch, struct loop *loop, void (*on_ready)(void *owner, bool readable), void *owner)
{
    *watch = (struct watch){ .loop = loop, .fd = -1, .on_ready = on_ready, .owner = owner };
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    uv_poll_stop(poll);
    watch->on_ready(watch->owner, status < 0 || (events & (UV_READABLE | UV_DISCONNECT)) != 0);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct loop *loop = handle->loop->data;
    loop->open_handles--;
    memory_free(handle);
}

void watch_finish(struct watch *watch)
{
    if (watch->poll == NULL)
        return;
    uv_poll_stop(watch->poll);
    uv_close((uv_handle_t *) watch->poll, on_poll_closed);
    watch->poll = NULL;
    watch->fd = -1;
}

static bool take_fd(struct watch *watch, int fd, struct fault *fault)
{
    if (watch->poll != NULL && watch->fd == fd)
        return true;
    watch_finish(watch);
    uv_poll_t *poll = memory_alloc(sizeof *poll);
    if (poll == NULL)
        return fault_out_of_memory(fault);
    int status = uv_poll_init(&watch->loop->uv, poll, fd);
    if (status < 0) {
        memory_free(poll);
        return fault_set(fault, FAULT_INTERNAL, "cannot watch a socket: %s", uv_strerror(status));
    }
    watch->loop->open_handles++;
    poll->data = watch;
    watch->poll = poll;
    watch->fd = fd;
    return true;
}

bool watch_start(struct watch *watch, int fd, bool for_reading, bool for_writing, struct fault *fault)
{
    if (!take_fd(watch, fd, fault))
        return false;
    int events = (for_reading ? UV_READABLE : 0) | (for_writing ? UV_WRITABLE : 0);
    int status = uv_poll_start(watch->poll, events, on_poll);
    return status == 0 || fault_set(fault, FAULT_INTERNAL, "cannot watch a socket: %s", uv_strerror(status));
}

void watch_stop(struct watch *watch)
{
    if (watch->poll != NULL)
        uv_poll_stop(watch->poll);
}
