@echo off
rem Starts the hub and the station agent; see tools\start_system.py.
setlocal EnableExtensions DisableDelayedExpansion
set "GATEHOUSE_TOOL=start_system.py"
"%~dp0tools\run_python.bat" %*
