"""Talking to the running hub: is it healthy, and which settings does it use?"""
