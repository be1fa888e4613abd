# R's nls from given starts: Rscript scripts/fit_with_nls.R DATA.csv OUTPUT HIDDEN STARTS.csv OUT.csv
# The network has one hidden layer of tanh units; a start is a row of STARTS.csv, in the order of jacobench. Writes a line a
# start: ok, processor time, residual sum of squares, steps and the parameters; or failed and the reason.
a <- commandArgs(TRUE)
data <- read.csv(a[1], check.names = FALSE)
x <- as.matrix(data[setdiff(names(data), a[2])])
y <- data[[a[2]]]
hidden <- as.integer(a[3])
starts <- as.matrix(read.csv(a[4], header = FALSE))
n_w <- ncol(x) * hidden
f <- function(theta) {
  z <- x %*% matrix(theta[seq_len(n_w)], ncol(x)) + rep(theta[n_w + seq_len(hidden)], each = nrow(x))
  drop(tanh(z) %*% theta[n_w + hidden + seq_len(hidden)]) + theta[n_w + 2 * hidden + 1]
}
out <- file(a[5], "w")
for (s in seq_len(nrow(starts))) {
  begun <- proc.time()
  fit <- try(nls(y ~ f(theta), start = list(theta = as.numeric(starts[s, ])), control = nls.control(maxiter = 500)), silent = TRUE)
  spent <- sum((proc.time() - begun)[1:2])
  line <- if (inherits(fit, "try-error")) {
    c("failed", spent, gsub("[\r\n,\"]+", " ", conditionMessage(attr(fit, "condition"))))
  } else {
    c("ok", spent, sprintf("%.17g", deviance(fit)), fit$convInfo$finIter, sprintf("%.17g", coef(fit)))
  }
  writeLines(paste(line, collapse = ","), out)
}
close(out)
