"""No pandas: commands that tests start run as in a plain installation, where pyarrow has none to load (a third of a second)."""

raise ImportError("pandas comes with moviec[frames]")
