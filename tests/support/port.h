/* TCP ports of the loopback interface for servers that tests start. */
#ifndef PGUSHER_SUPPORT_PORT_H
#define PGUSHER_SUPPORT_PORT_H

/*
 * A port on 127.0.0.1 where nobody listens, below those that the kernel gives to clients. It is this process's until it ends:
 * no other test executable of this user will be given it, so a server may stop and start again on it.
 */
int port_reserve(void);

#endif
