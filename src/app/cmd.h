/*
 * The commands of the program, one function each. argv[0] is the command's own name. Each prints
 * what it has to say itself and returns the exit status: 0 done, 1 failed, 2 wrong usage.
 */
#ifndef APP_CMD_H
#define APP_CMD_H

enum cmd_status { CMD_OK = 0, CMD_FAILED = 1, CMD_USAGE = 2 };

int cmd_serve(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_call(int argc, char **argv);
int cmd_prompts(int argc, char **argv);
int cmd_user(int argc, char **argv);
int cmd_directory(int argc, char **argv);
int cmd_reconcile(int argc, char **argv);
int cmd_seal(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_move(int argc, char **argv);
int cmd_export(int argc, char **argv);

#endif
