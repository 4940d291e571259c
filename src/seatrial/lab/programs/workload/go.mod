module seatrial.dev/lab/workload

go 1.24
