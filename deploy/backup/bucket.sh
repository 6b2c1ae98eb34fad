# The service's own settings as rclone and PostgreSQL's programs want them. Sourced by backup-cluster and restore-cluster.

database_url() {
    : "${SOUNDPATH_DATABASE_URL:?}"
    echo "${SOUNDPATH_DATABASE_URL/#postgresql+asyncpg:/postgresql:}"
}

# rclone's name of the bucket and prefix, from the environment alone: no configuration file.
bucket() {
    [[ ${SOUNDPATH_STORE:?} == s3://* ]] || { echo "SOUNDPATH_STORE must be s3://bucket/prefix" >&2; exit 1; }
    echo "soundpath:${SOUNDPATH_STORE#s3://}"
}

export RCLONE_CONFIG=/dev/null
export RCLONE_CONFIG_SOUNDPATH_TYPE=s3
export RCLONE_CONFIG_SOUNDPATH_PROVIDER=Other
export RCLONE_CONFIG_SOUNDPATH_ENV_AUTH=true
export RCLONE_CONFIG_SOUNDPATH_ENDPOINT=${SOUNDPATH_S3_ENDPOINT:-}
export RCLONE_CONFIG_SOUNDPATH_REGION=${AWS_DEFAULT_REGION:-us-east-1}
# Sizes and times by the listing, without a question for each object.
export RCLONE_USE_SERVER_MODTIME=true
