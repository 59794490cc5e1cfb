#!/bin/sh
# Puts the units, the user and nginx's files in place, as root, from a checkout that has been set up
# in /opt/avatar-chat. Run again, it renews what is ours and keeps what is yours: the settings, the
# certificate, and the files of nginx/ that differ between houses.
set -eu
repository=$(cd "$(dirname "$0")/../.." && pwd)
units=$repository/deploy/systemd
etc=/etc/avatar-chat

keep() { [ -e "$2" ] || cp "$1" "$2"; }

cp "$units"/*.service "$units"/*.target /etc/systemd/system/
mkdir -p /etc/sysusers.d /etc/tmpfiles.d "$etc/nginx"
cp "$units/sysusers.conf" /etc/sysusers.d/avatar-chat.conf
cp "$units/tmpfiles.conf" /etc/tmpfiles.d/avatar-chat.conf
keep "$units/avatar-chat.env.example" "$etc/avatar-chat.env"
keep "$units/backends.conf" "$etc/nginx/backends.conf"
for file in listen operators tls; do
    keep "$repository/nginx/$file.conf" "$etc/nginx/$file.conf"
done
for file in headers nginx site; do
    cp "$repository/nginx/$file.conf" "$etc/nginx/"
done

systemd-sysusers avatar-chat.conf
systemd-tmpfiles --create avatar-chat.conf
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
