@echo off
rem Finds a Python that check_python.py accepts and runs the tool named by GATEHOUSE_TOOL with it.
rem The .bat files of the folder above come here without "call", so nothing of theirs runs afterwards.
rem No (blocks): a folder name with a parenthesis would end them.
chcp 65001 >nul 2>&1
set "GATEHOUSE_TOOLS=%~dp0"
set "GATEHOUSE_PYTHON="
set "GATEHOUSE_TOO_OLD="
rem The Python that a release brings along.
if not exist "%~dp0..\python\python.exe" goto search
"%~dp0..\python\python.exe" "%GATEHOUSE_TOOLS%check_python.py" >nul 2>&1
if not "%errorlevel%"=="0" goto search
set GATEHOUSE_PYTHON="%~dp0..\python\python.exe"
goto run

:search
call :probe py -3
call :probe python
call :probe py -3.13
call :probe py -3.12
call :probe py -3.11
call :probe python3
if defined GATEHOUSE_PYTHON goto run
set "GATEHOUSE_STATUS=3"
if defined GATEHOUSE_TOO_OLD goto old
echo Gatehouse needs Python 3.11 or newer and found none: get the Python install manager from https://www.python.org/downloads/ or the Microsoft Store, type  py install 3.13  in a new window, then start this again.
goto failed

:old
%GATEHOUSE_TOO_OLD% "%GATEHOUSE_TOOLS%check_python.py"
goto failed

:run
%GATEHOUSE_PYTHON% "%GATEHOUSE_TOOLS%%GATEHOUSE_TOOL%" %*
set "GATEHOUSE_STATUS=%errorlevel%"
if "%GATEHOUSE_STATUS%"=="0" exit /b 0

:failed
rem A double-clicked window would close before anybody has read the sentence.
if not defined GATEHOUSE_NO_PAUSE if not defined CI pause
exit /b %GATEHOUSE_STATUS%

:probe
if defined GATEHOUSE_PYTHON exit /b 0
rem The Microsoft Store's stand-in for python answers 9009 and a missing program does too: neither 0 nor 3.
%* "%GATEHOUSE_TOOLS%check_python.py" >nul 2>&1
if "%errorlevel%"=="0" set "GATEHOUSE_PYTHON=%*"
if "%errorlevel%"=="3" if not defined GATEHOUSE_TOO_OLD set "GATEHOUSE_TOO_OLD=%*"
exit /b 0
