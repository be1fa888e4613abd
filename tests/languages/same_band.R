# The band of the network that jacobench_py_test.py describes: Rscript same_band.R SCRIPTS FOLDER. Reads FOLDER's weights, data and
# points, and writes band.csv.
library(nnet)
source(file.path(commandArgs(TRUE)[1], "jacobench.R"))
folder <- commandArgs(TRUE)[2]
read <- function(name) as.matrix(read.csv(file.path(folder, name), header = FALSE))
data <- read("data.csv")
fit <- nnet(data[, 1:2], data[, 3], size = 3, linout = TRUE, decay = 0.01, Wts = as.vector(read("weights.csv")), maxit = 0, trace = FALSE)
band <- suppressWarnings(jacobench_interval(fit, read("points.csv"), list(x = data[, 1:2], y = data[, 3])))
write.table(sapply(band[c("fit", "lwr", "upr", "se")], sprintf, fmt = "%.17g"), file.path(folder, "band.csv"), sep = ",", quote = FALSE,
            row.names = FALSE, col.names = FALSE)
