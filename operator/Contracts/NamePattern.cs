namespace AgentReadiness.Contracts;

/// <summary>A name, exact or with "*" for any run of characters, as allow lists have them.</summary>
public static class NamePattern
{
    /// <summary>Whether a name is meant. The time grows with the product of both lengths and no faster.</summary>
    public static bool Matches(string pattern, string name)
    {
        var (at, of, star, back) = (0, 0, -1, 0);
        while (of < name.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                star = at++;
                back = of;
            }
            else if (at < pattern.Length && pattern[at] == name[of])
            {
                at++;
                of++;
            }
            else if (star >= 0)
            {
                at = star + 1;
                of = ++back;
            }
            else
            {
                return false;
            }
        }
        return pattern.AsSpan(at).TrimStart('*').IsEmpty;
    }
}
