/* Telling systemd how we are: sd_notify(3) by hand. */
#ifndef LATTICE_COMMON_NOTIFY_H
#define LATTICE_COMMON_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1"; nothing happens if nobody asked for it (NOTIFY_SOCKET). */
void notify_send(const char *state);
/* How often "WATCHDOG=1" is to be sent: half of what WATCHDOG_USEC allows; 0: not at all. */
int64_t notify_watchdog_ms(void);

#endif
