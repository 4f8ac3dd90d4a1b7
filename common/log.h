/* Logs: one line each on stderr, `level source phase: text key=value`. They decide nothing. */
#ifndef LATTICE_COMMON_LOG_H
#define LATTICE_COMMON_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Lines above this level are dropped; LOG_INFO at start, $LATTICE_LOG=error|warn|info|debug. */
void log_set_level(enum log_level level);
void log_init_from_environment(void);
/* `source` and `phase` may be NULL. One write(2); control bytes escaped; userinfo masked. */
void log_line(enum log_level level, const char *source, const char *phase, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
