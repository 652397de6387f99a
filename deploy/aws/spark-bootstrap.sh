#!/bin/sh
# Sets a node of the cluster of spark.yaml up: MovieC with Spark by wheels from S3 (no index is asked), and the home that all nodes share.
# Arguments: the folder in S3 with the wheels, the file system's id, the lake, the secret that holds the catalogue's address.
set -eu
code=$1
shared=$2
lake=$3
catalogue=$4
sudo dnf install --assumeyes --quiet python3.11 amazon-efs-utils
sudo mkdir -p /srv/moviec
sudo mount -t efs -o tls "$shared:/" /srv/moviec
sudo chown hadoop:hadoop /srv/moviec
wheels=$(mktemp -d)
aws s3 cp --recursive --only-show-errors "$code" "$wheels"
sudo python3.11 -m venv /opt/moviec
sudo /opt/moviec/bin/pip install --quiet --no-index --find-links "$wheels" 'moviec[postgres,remote,spark]'
rm -rf "$wheels"
# The driver's environment: the address of the catalogue is read when it starts, and stands in no file.
sudo tee /opt/moviec/bin/moviec-here > /dev/null <<HERE
#!/bin/sh
set -eu
export MOVIEC_HOME=/srv/moviec MOVIEC_LAKE=$lake HADOOP_CONF_DIR=/etc/hadoop/conf PYSPARK_PYTHON=/opt/moviec/bin/python
MOVIEC_CATALOGUE=\$(aws secretsmanager get-secret-value --secret-id $catalogue --query SecretString --output text)
export MOVIEC_CATALOGUE
exec /opt/moviec/bin/moviec "\$@"
HERE
sudo chmod 755 /opt/moviec/bin/moviec-here
