@echo off
rem The Pulumi plugin on Windows: starts dist\plugin\main.js with the Node.js on PATH.
where /q node || (echo pulumi-resource-alicloud-hpc needs Node.js 22 or later: put node on PATH. 1>&2 & exit /b 1)
node "%~dp0dist\plugin\main.js" %*
