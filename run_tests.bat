@echo off
rem Runs every test; see tools\run_tests.py.
setlocal EnableExtensions DisableDelayedExpansion
set "GATEHOUSE_TOOL=run_tests.py"
"%~dp0tools\run_python.bat" %*
