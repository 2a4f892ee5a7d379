/* The cluster on which all tests of an executable stand; who starts it is known in fixture.h and work/up.h. */
#ifndef PGUSHER_TESTS_SUPPORT_ONE_CLUSTER_H
#define PGUSHER_TESTS_SUPPORT_ONE_CLUSTER_H

#include "support/cluster.h"

extern struct cluster *cluster;

#endif
