/* The file descriptors of the test's own process. */
#ifndef PGUSHER_SUPPORT_DESCRIPTORS_H
#define PGUSHER_SUPPORT_DESCRIPTORS_H

/* How many are open. */
int open_descriptors(void);

#endif
