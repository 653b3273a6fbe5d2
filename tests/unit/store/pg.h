/* A PostgreSQL server of the tests' own: its folder, its socket, stopped by its process id. */
#ifndef TEST_PG_H
#define TEST_PG_H

#include <stdbool.h>
#include <sys/types.h>

struct pg {
	char dir[128];
	char conninfo[256];
	char name[32];
	pid_t pid;
	int port;
	bool synced;
};

bool pg_there(void);
/* initdb and start. Without synced the server leaves its writes to the kernel: a killed server
 * loses nothing by it, and the tests take half the time. */
int pg_make(struct pg *p, bool synced);
int pg_start(struct pg *p);	     /* again, after pg_stop */
void pg_stop(struct pg *p, int sig); /* SIGINT in order, SIGQUIT as a crash */
void pg_remove(struct pg *p);
/* An empty database in it; conninfo points to it then. */
int pg_database(struct pg *p, const char *name);

#endif
