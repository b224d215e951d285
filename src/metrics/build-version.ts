/** The version of the build, as the command line, the metrics and the description of the API say it. */
export const buildVersion = '0.1.0';
