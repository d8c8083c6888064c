using AgentReadiness.Evals;

namespace AgentReadiness.EvalRunner.Reporting;

/// <summary>
/// Finds the results that a runner left. What it left is not trusted: links are not followed, and only regular files are opened.
/// </summary>
internal static class ResultsLocation
{
    // A tool's report has some files; more of them is another folder than was meant.
    private const int MaxFiles = 1000;

    /// <summary>Opens the results.</summary>
    /// <param name="path">A file, or a folder that holds exactly one file of a known format.</param>
    /// <param name="problem">Why there are none.</param>
    public static FileStream? Open(string path, out ResultsProblem? problem)
    {
        try
        {
            return Find(path, out problem) is { } file ? OpenFile(file, out problem) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = new ResultsProblem(EvalReasons.ResultsUnreadable, $"the results cannot be opened: {exception.Message}");
            return null;
        }
    }

    private static string? Find(string path, out ResultsProblem? problem)
    {
        problem = null;
        for (var part = Path.GetFullPath(path); part is not null; part = Path.GetDirectoryName(part))
        {
            if (new FileInfo(part).LinkTarget is null)
                continue;
            problem = new ResultsProblem(
                EvalReasons.ResultsUnreadable,
                "the path of the results leads over a symbolic link, and none is followed"
            );
            return null;
        }
        if (!Directory.Exists(path))
        {
            if (File.Exists(path))
                return path;
            problem = new ResultsProblem(EvalReasons.NoResults, "the runner ended and left no results file");
            return null;
        }
        return FindIn(path, out problem);
    }

    private static string? FindIn(string folder, out ResultsProblem? problem)
    {
        problem = null;
        var files = new DirectoryInfo(folder).EnumerateFiles().Where(file => file.LinkTarget is null).Take(MaxFiles + 1).ToList();
        if (files.Count is 0 or > MaxFiles)
        {
            problem =
                files.Count == 0
                    ? new ResultsProblem(EvalReasons.NoResults, "the runner ended and left no file in the results folder")
                    : new ResultsProblem(EvalReasons.ResultsUnreadable, $"the results folder has more than {MaxFiles} files");
            return null;
        }
        // A single file is what it is: its reader says best what is wrong with it.
        if (files is [var only])
            return only.FullName;
        var found = files.OrderBy(file => file.Name, StringComparer.Ordinal).Where(IsResults).ToList();
        if (found is [var one])
            return one.FullName;
        problem = new ResultsProblem(
            EvalReasons.UnknownFormat,
            found.Count == 0
                ? $"none of the {files.Count} files in the results folder is of a known format"
                : $"{found.Count} files in the results folder could be the results: "
                    + $"{string.Join(", ", found.Take(3).Select(file => file.Name))}"
        );
        return null;
    }

    private static bool IsResults(FileInfo file)
    {
        using var stream = OpenFile(file.FullName, out _);
        // A broken one might be the results: it is not passed over in favour of another.
        return stream is not null && ResultsReader.FormatOf(stream) is not null;
    }

    private static FileStream? OpenFile(string file, out ResultsProblem? problem)
    {
        problem = null;
        var handle = Posix.OpenFile(file);
        try
        {
            var stream = new FileStream(handle, FileAccess.Read);
            if (stream.CanSeek)
                return stream;
            stream.Dispose();
        }
        catch (Exception exception) when (exception is ArgumentException or UnauthorizedAccessException or NotSupportedException)
        {
            handle.Dispose();
        }
        problem = new ResultsProblem(EvalReasons.ResultsUnreadable, "the results are no regular file");
        return null;
    }
}
