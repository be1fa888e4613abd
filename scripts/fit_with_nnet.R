# R's nnet from given starts: Rscript scripts/fit_with_nnet.R DATA.csv OUTPUT HIDDEN DECAY STARTS.csv MAXIT RELTOL ABSTOL OUT.csv
# A start is a row of STARTS.csv, in nnet's order. Writes a line a start: processor time, objective, whether it converged,
# iterations (as its trace has them, rounded down to tens) and the parameters. MAXIT, RELTOL and ABSTOL may be `default`.
suppressPackageStartupMessages(library(nnet))
a <- commandArgs(TRUE)
data <- read.csv(a[1], check.names = FALSE)
x <- as.matrix(data[setdiff(names(data), a[2])])
y <- data[[a[2]]]
starts <- as.matrix(read.csv(a[5], header = FALSE))
settings <- list(maxit = a[6], reltol = a[7], abstol = a[8])
settings <- lapply(settings[settings != "default"], as.numeric)
trace_file <- tempfile()
out <- file(a[9], "w")
for (s in seq_len(nrow(starts))) {
  trace <- file(trace_file, "w")
  sink(trace)
  fit_from_start <- function(trace) {
    do.call(nnet, c(list(x, y, size = as.integer(a[3]), Wts = starts[s, ], linout = TRUE, decay = as.numeric(a[4]),
                         MaxNWts = 100000, trace = trace), settings))
  }
  fit <- try(fit_from_start(TRUE), silent = TRUE)
  sink()
  close(trace)
  # Without the trace, and as often as the milliseconds of proc.time need.
  repeats <- 0
  spent <- 0
  while (!inherits(fit, "try-error") && spent < 0.02) {
    n <- max(1, repeats)
    begun <- proc.time()
    for (i in seq_len(n)) fit_from_start(FALSE)
    spent <- spent + sum((proc.time() - begun)[1:2])
    repeats <- repeats + n
  }
  if (inherits(fit, "try-error")) {
    line <- c("failed", gsub("[\r\n,\"]+", " ", as.character(fit)))
  } else {
    seen <- regmatches(lines <- readLines(trace_file), regexpr("^iter *[0-9]+", lines))
    steps <- if (length(seen)) as.integer(sub("iter *", "", tail(seen, 1))) else 0
    line <- c("ok", spent / repeats, sprintf("%.17g", fit$value), fit$convergence, steps, sprintf("%.17g", fit$wts))
  }
  writeLines(paste(line, collapse = ","), out)
  flush(out)
}
close(out)
