# scripts/jacobench.R on fits of nnet and caret, and on an object as neuralnet makes it: nls, and differences of the fits' own
# predictions. Rscript jacobench_r_test.R SCRIPTS; exit code 77: a package is missing, and the reason is printed.
for (package in c("nnet", "jsonlite")) if (!requireNamespace(package, quietly = TRUE)) {
  cat("skipped:", package, "is not there; scripts/setup r installs it\n")
  quit(status = 77)
}
library(nnet)
source(file.path(commandArgs(TRUE)[1], "jacobench.R"))

near <- function(a, b, relative, what) {
  off <- max(abs(a - b)) / max(abs(b))
  if (!isTRUE(off <= relative)) stop(what, ": off by ", format(off), " of the largest, ", relative, " is allowed", call. = FALSE)
}
refused <- function(call, words) {
  said <- tryCatch({ call; "nothing" }, error = conditionMessage)
  if (!grepl(words, said, fixed = TRUE)) stop("wanted is a refusal with '", words, "', said was '", said, "'", call. = FALSE)
}

set.seed(1)
data <- data.frame(a = runif(40, -2, 2), b = runif(40, -2, 2))
data$y <- sin(data$a) + 0.5 * data$b + rnorm(40, 0, 0.1)
new <- data.frame(a = c(0, 1, 3), b = c(0, -1, 2))

# One logistic unit without a penalty is b1 / (1 + exp(b2 - b3 x)) + b4, which nls fits: its gradient and covariance.
x <- c(9, 14, 21, 28, 42, 57, 63, 70, 79)
yield <- c(8.93, 10.8, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08)
pasture <- data.frame(x = x / 80, yield = yield)
fit <- nnet(yield ~ x, pasture, size = 1, linout = TRUE, Wts = c(-2.6, 5.4, 2, 70), maxit = 2000, reltol = 1e-14, trace = FALSE)
curve <- deriv(~ b4 + b1 / (1 + exp(-b2 - b3 * x)), c("b2", "b3", "b4", "b1"), function(b2, b3, b4, b1, x) NULL)
by_nls <- nls(yield ~ curve(b2, b3, b4, b1, x), pasture, start = setNames(as.list(fit$wts), c("b2", "b3", "b4", "b1")),
              control = nls.control(tol = 1e-8))
at <- data.frame(x = c(0.2, 0.5, 1))
G <- attr(do.call(curve, c(as.list(coef(by_nls)), at)), "gradient")
se <- sqrt(rowSums((G %*% vcov(by_nls)) * G) + summary(by_nls)$sigma^2)
band <- jacobench_interval(fit, at, pasture)
near(band$fit, predict(by_nls, at), 1e-8, "fit of nls")
near(band$se, se, 1e-7, "se of a prediction")
near(band$upr, predict(by_nls, at) + qt(0.975, 5) * se, 1e-7, "upper bound")

# The Jacobian, by differences of predict(). nnet's order is a bias before its weights; there are two hidden units.
fit <- nnet(y ~ a + b, data, size = 2, linout = TRUE, decay = 0.01, maxit = 5000, reltol = 1e-14, trace = FALSE)
J <- jacobench_jacobian(fit, new)
by_differences <- sapply(seq_along(fit$wts), function(p) {
  shifted <- function(h) { moved <- fit; moved$wts[p] <- moved$wts[p] + h; predict(moved, new) }
  (shifted(1e-5) - shifted(-1e-5)) / 2e-5
})
order_of_layers <- c(2, 3, 5, 6, 1, 4, 8, 9, 7)
near(J, by_differences[, order_of_layers], 1e-8, "the Jacobian")
stopifnot(identical(colnames(J)[1:2], c("w1[0,0]", "w1[0,1]")), identical(colnames(J)[9], "b2[0]"))

# The band of a decayed fit, from these differences: laplace, at a minimum that nnet has found to some digits.
D <- function(rows) sapply(seq_along(fit$wts), function(p) {
  shifted <- function(h) { moved <- fit; moved$wts[p] <- moved$wts[p] + h; predict(moved, rows) }
  (shifted(1e-5) - shifted(-1e-5)) / 2e-5
})
A <- solve(crossprod(D(data)) + 0.01 * diag(9))
dof <- 40 - sum(diag(D(data) %*% A %*% t(D(data))))
se <- sqrt(sum((data$y - predict(fit, data))^2) / dof * rowSums((D(new) %*% A) * D(new)))
band <- jacobench_interval(fit, new, data, kind = "mean", method = "laplace")
near(band$se, se, 1e-3, "se of laplace")
stopifnot(grepl("the network is at a minimum", attr(band, "notes")))

# The matrix interface, two outputs, and a logistic output.
two <- nnet(data[1:2], cbind(y = data$y, z = data$a), size = 2, linout = TRUE, decay = 0.1, maxit = 2000, trace = FALSE)
band <- jacobench_interval(two, new, list(x = data[1:2], y = cbind(y = data$y, z = data$a)))
stopifnot(identical(band$output, rep(c("y", "z"), 3)))
near(band$fit, as.vector(t(predict(two, new))), 1e-3, "fit of two outputs")
share <- nnet(data["a"], plogis(data$a + 0.1 * data$y), size = 1, decay = 0.01, maxit = 2000, trace = FALSE)
near(jacobench_interval(share, new["a"], list(x = data["a"], y = plogis(data$a + 0.1 * data$y)))$fit, as.vector(predict(share, new["a"])),
     1e-3, "a logistic output")

# nnet's predict() takes a unit beyond 15 for 1: the fit is not refused for that.
saturated <- nnet(y ~ a + b, data, size = 1, linout = TRUE, Wts = c(0, 20, 0, 1, 2), maxit = 0, trace = FALSE)
stopifnot(max(abs(20 * data$a)) > 15, nrow(jacobench_jacobian(saturated, data)) == 40)

# Factors and transformed inputs are those of the formula.
data$f <- factor(rep(c("u", "v"), 20))
with_factor <- nnet(y ~ f + log(a + 3), data, size = 2, linout = TRUE, decay = 0.1, maxit = 2000, trace = FALSE)
rows <- data.frame(a = c(0, 1), f = c("v", "u"))
near(jacobench_interval(with_factor, rows, data)$fit, as.vector(predict(with_factor, rows)), 1e-3, "factors")

# A training that stopped early is said.
early <- nnet(y ~ a + b, data, size = 2, linout = TRUE, decay = 0.01, maxit = 3, trace = FALSE)
stopifnot(any(grepl("the network is not at a minimum", attr(suppressWarnings(jacobench_interval(early, new, data)), "notes"))))

# As neuralnet makes it: y = 1 + 2 tanh(0.5 + x) and so on, with predict() of its own.
weights <- list(list(rbind(c(0.5, -0.3), c(1, 2), c(-1, 0.7)), rbind(1, 2, -1)))
predict.nn <- function(object, newdata, rep = 1, ...) {
  hidden <- tanh(cbind(1, as.matrix(newdata)) %*% object$weights[[rep]][[1]])
  cbind(1, hidden) %*% object$weights[[rep]][[2]]
}
net <- structure(list(weights = weights, act.fct = structure(tanh, type = "tanh"), err.fct = structure(identity, type = "sse"),
                      linear.output = TRUE, covariate = as.matrix(data[1:2]), response = as.matrix(data["y"]),
                      model.list = list(response = "y", variables = c("a", "b")), result.matrix = rbind(error = 1)), class = "nn")
net$net.result <- list(predict.nn(net, data[1:2]))
J <- jacobench_jacobian(net, new)
near(J[, "w2[0,0]"], tanh(0.5 + new$a - new$b), 1e-12, "the Jacobian of neuralnet")
stopifnot(nrow(suppressWarnings(jacobench_interval(net, new))) == 3)

# An object whose own predictions are others than those of its layers is refused before anything is fitted.
other <- net
other$net.result <- list(net$net.result[[1]] + 1e-6)
refused(jacobench_interval(other, new), "the fit predicts")

# What cannot be represented is refused in words.
refused(jacobench_interval(nnet(y ~ a, data, size = 2, skip = TRUE, linout = TRUE, trace = FALSE), new, data), "skip a layer")
refused(jacobench_interval(nnet(f ~ a, data, size = 2, trace = FALSE), new, data), "maximum likelihood")
refused(jacobench_interval(fit, new), "data: are wanted")
refused(jacobench_interval(lm(y ~ a, data), new, data), "is of class lm")
wrong <- two
wrong$wts[1] <- wrong$wts[1] + 1e-6
network <- .jacobench_of_nnet_matrix(two, list(x = data[1:2], y = data$y))
network$layers <- .jacobench_nnet_layers(wrong)
folder <- .jacobench_folder()
.jacobench_write_model(network, file.path(folder, "model.json"))
refused(.jacobench_hold_predictions(network, network$inputs, network$own_values, folder), "the fit predicts")

# caret, with scaled inputs, against nnet on inputs that are scaled here.
if (requireNamespace("caret", quietly = TRUE)) {
  set.seed(1)
  trained <- suppressWarnings(suppressMessages(caret::train(
    y ~ a + b, data, method = "nnet", linout = TRUE, trace = FALSE, maxit = 5000, reltol = 1e-14, preProcess = c("center", "scale"),
    tuneGrid = data.frame(size = 2, decay = 0.01), trControl = caret::trainControl(method = "none"))))
  scaled <- function(rows) as.data.frame(scale(rows[c("a", "b")], colMeans(data[c("a", "b")]), sapply(data[c("a", "b")], sd)))
  directly <- nnet(scaled(data), data$y, size = 2, linout = TRUE, decay = 0.01, Wts = trained$finalModel$wts, maxit = 100,
                   reltol = 1e-14, trace = FALSE)
  stopifnot(all(jacobench_jacobian(trained, new)[, "b2[0]"] == 1))
  near(jacobench_interval(trained, new)$upr, jacobench_interval(directly, scaled(new), list(x = scaled(data), y = data$y))$upr, 1e-6,
       "the band of caret")
} else cat("caret is not there: its part was left out; scripts/setup r installs it\n")
cat("all hold\n")
