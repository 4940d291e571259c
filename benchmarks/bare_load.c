/* The least that a client can do: Poisson arrivals, a connection for each request, epoll, no parsing but counting.
   bare_load PORT RATE SECONDS TOKENS   prints   requests tokens cpu-seconds */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static char request[1024];
static int length, port, poll_fd, flying, done;
static long events;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void begin(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || (connect(fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)) exit(1);
    struct epoll_event e = {.events = EPOLLOUT, .data.fd = fd};
    if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &e)) exit(1);
    flying++;
}

static void ready(int fd, unsigned mask) {
    static char data[65537];
    if (mask & EPOLLOUT) {
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        if (send(fd, request, length, MSG_NOSIGNAL) != length || epoll_ctl(poll_fd, EPOLL_CTL_MOD, fd, &e)) exit(1);
        return;
    }
    ssize_t got = recv(fd, data, sizeof data - 1, 0);
    if (got < 0 && errno == EAGAIN) return;
    data[got > 0 ? got : 0] = 0;
    for (char *at = data; (at = strstr(at, "data: ")); at += 6) events++;
    if (got <= 0 || strstr(data, "[DONE]")) {
        close(fd);
        flying--;
        done++;
    }
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    port = atoi(argv[1]);
    double rate = atof(argv[2]), seconds = atof(argv[3]), due = 0, start;
    char body[256];
    int body_length = snprintf(body, sizeof body,
        "{\"prompt\":\"word\",\"max_tokens\":%d,\"stream\":true,\"ignore_eos\":true}", atoi(argv[4]));
    length = snprintf(request, sizeof request,
        "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
        body_length, body);
    poll_fd = epoll_create1(0);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = timer}, all[256];
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer, &e);
    srand48(1);
    start = now();
    due = -log(1 - drand48()) / rate;
    while (due < seconds || flying) {
        for (; due < seconds && now() - start >= due; due -= log(1 - drand48()) / rate) begin();
        double at = start + due;
        struct itimerspec set = {.it_value = {(time_t)at, (long)((at - floor(at)) * 1e9) + 1}};
        if (due >= seconds) memset(&set, 0, sizeof set);
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &set, NULL);
        int n = epoll_wait(poll_fd, all, 256, 1000);
        for (int i = 0; i < n; i++)
            if (all[i].data.fd != timer) ready(all[i].data.fd, all[i].events);
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("%d %ld %f\n", done, events - done,
        used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    return 0;
}
