/* libre's own printing goes to our log, limited: see libre_log.c. */
#ifndef SIP_LIBRE_LOG_H
#define SIP_LIBRE_LOG_H

/* Once, before other threads use libre. sip_room_open does it too. */
void libre_log_take(void);

#endif
