/* An echo server that is sound, or has the fault that argv[1] names. Listens on $PORT. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <stdio.h>

struct connection {
    int fd;
    size_t from, to;
    char buffer[512];
};

static const char *fault = "";

static int has(const char *name) { return strcmp(fault, name) == 0; }

/* Sends what was received, and receives, until the kernel has no bytes or takes no more. */
static void serve(struct connection *c)
{
    int flags = has("sigpipe") ? 0 : MSG_NOSIGNAL;
    for (;;) {
        while (c->from < c->to) {
            ssize_t n = send(c->fd, c->buffer + c->from, c->to - c->from, flags);
            if (n < 0 && errno == EAGAIN)
                return;
            if (n < 0)
                goto close;
            c->from += n;
        }
        if (has("receives-once-per-edge") && c->to > 0) {
            c->from = c->to = 0;
            return;
        }
        ssize_t n = recv(c->fd, c->buffer, sizeof c->buffer, 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            goto close;
        if (has("crashes-on-nul") && memchr(c->buffer, 0, n))
            raise(SIGSEGV);
        c->from = 0;
        c->to = n;
    }
close:
    close(c->fd);
    free(c);
}

static void serve_edges(int listener)
{
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL}, events[64];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr) {
                serve(events[i].data.ptr);
                continue;
            }
            /* Other work: more than one connection waits when it is done. */
            usleep(2000);
            for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                struct connection *c = calloc(1, sizeof *c);
                c->fd = fd;
                event.events = EPOLLIN | EPOLLOUT | EPOLLET;
                event.data.ptr = c;
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
                if (has("accepts-once-per-edge"))
                    break;
            }
        }
    }
}

static void serve_with_children(int listener)
{
    if (!has("leaves-zombies"))
        signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fork() == 0) {
            char buffer[512];
            close(listener);
            for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;)
                send(fd, buffer, n, MSG_NOSIGNAL);
            _exit(0);
        }
        close(fd);
    }
}

int main(int argc, char **argv)
{
    int forks = argc > 1 && strcmp(argv[1], "forks") == 0;
    if (argc > 1)
        fault = argv[1];
    int one = 1, children = forks || has("leaves-zombies");
    int listener = socket(AF_INET, SOCK_STREAM | (children ? 0 : SOCK_NONBLOCK), 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT")))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!has("no-reuseaddr"))
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("bind");
        return 1;
    }
    listen(listener, 1024);
    if (children)
        serve_with_children(listener);
    else
        serve_edges(listener);
}
