#!/usr/bin/env bash
# Writes data/tools/testlogger.xml, as JunitXml.TestLogger itself writes it (dotnet test --logger junit). The file is kept, as a build of
# its own would take each run of the tests half a minute. Run it by hand after a change, or for a newer version.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/data/tools/testlogger.xml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/Tiny.csproj" <<'XML'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup>
    <PackageReference Include="JunitXml.TestLogger" Version="8.1.0" />
    <PackageReference Include="Microsoft.NET.Test.Sdk" Version="18.11.0" />
    <PackageReference Include="xunit" Version="2.9.3" />
    <PackageReference Include="xunit.runner.visualstudio" Version="4.0.1" />
  </ItemGroup>
</Project>
XML
cat >"$work/Tiny.cs" <<'CS'
using System;
using Xunit;

namespace Shop;

public class Tiny
{
    [Fact]
    public void Passes() => Assert.Equal(1, 1);

    [Fact]
    public void Fails() => Assert.Equal(1, 2);

    [Fact]
    public void Throws() => throw new InvalidOperationException("boom");

    [Fact(Skip = "later")]
    public void IsSkipped() { }

    [Fact]
    public void AssertsNothing() { }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void IsRepeated(int time) => Assert.Equal(0, time);
}

public class Broken : IClassFixture<Broken.Database>
{
    public Broken(Database database) => Assert.NotNull(database);

    [Fact]
    public void NeverRuns() { }

    public class Database
    {
        public Database() => throw new InvalidOperationException("no database");
    }
}
CS
# Tests fail in it, so the exit code is 1.
(cd "$work" && dotnet test --nologo --logger "junit;LogFilePath=$work/out.xml") >"$work/log" 2>&1 || true
[ -f "$work/out.xml" ] || { cat "$work/log" >&2; exit 1; }
mkdir -p "$(dirname "$out")"
sed -e "s|$work|/src|g" -e "s|hostname=\"[^\"]*\"|hostname=\"host\"|" "$work/out.xml" >"$out"
